/** Host names as the outside resolves them. */
export interface Dns {
  /** Every IP address of a host name, in any order; an IP address is its own. Rejects when there is none. */
  addresses(host: string): Promise<readonly string[]>;
}
