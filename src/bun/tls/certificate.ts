import { createPrivateKey, webcrypto, X509Certificate } from "node:crypto";

/** A certificate and its private key, both as PEM text: what a thread needs to listen and dial. */
export interface KeyPair {
  readonly key: string;
  readonly cert: string;
}

export interface CertificateOptions {
  /** Common name: the node's name, or what the authority is called. */
  readonly name: string;
  /** DNS names and IP addresses that the certificate stands for. */
  readonly hosts?: readonly string[];
  /** Days until it expires. */
  readonly days: number;
}

const ALGORITHM = {
  name: "ECDSA",
  namedCurve: "P-256",
  hash: "SHA-256",
} as const;
const DAY_MS = 86_400_000;
/** The start lies in the past by this much, so that a peer whose clock is late accepts it. */
const CLOCK_SKEW_MS = DAY_MS;

type X509 = typeof import("@peculiar/x509");

/** Loaded when first needed: it costs some 30 ms that a node with certificates from files does not want to pay. */
async function loadX509(): Promise<X509> {
  await import("reflect-metadata");
  const x509 = await import("@peculiar/x509");
  x509.cryptoProvider.set(webcrypto as Crypto);
  return x509;
}

const generateKeys = (): Promise<CryptoKeyPair> =>
  webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]) as Promise<CryptoKeyPair>;

async function privateKeyPem(x509: X509, keys: CryptoKeyPair): Promise<string> {
  return x509.PemConverter.encode(
    await webcrypto.subtle.exportKey("pkcs8", keys.privateKey),
    "PRIVATE KEY",
  );
}

async function importPrivateKey(x509: X509, pem: string): Promise<CryptoKey> {
  const der = x509.PemConverter.decodeFirst(pem);
  return (await webcrypto.subtle.importKey("pkcs8", der, ALGORITHM, false, ["sign"])) as CryptoKey;
}

/** What every certificate has; a comma or other special character of a name is escaped by the library. */
function common(options: CertificateOptions) {
  const now = Date.now();
  return {
    serialNumber: Buffer.from(webcrypto.getRandomValues(new Uint8Array(16))).toString("hex"),
    notBefore: new Date(now - CLOCK_SKEW_MS),
    notAfter: new Date(now + options.days * DAY_MS),
    signingAlgorithm: ALGORITHM,
  };
}

const isAddress = (host: string): boolean => host.includes(":") || /^[\d.]+$/.test(host);

function endEntityExtensions(x509: X509, hosts: readonly string[]) {
  const names = hosts.map((host) => ({
    type: isAddress(host) ? ("ip" as const) : ("dns" as const),
    value: host,
  }));
  return [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    // A node both accepts and dials.
    new x509.ExtendedKeyUsageExtension([
      x509.ExtendedKeyUsage.serverAuth,
      x509.ExtendedKeyUsage.clientAuth,
    ]),
    ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
  ];
}

/** Makes the certificate of mode "auto": ECDSA P-256, signed by itself, in memory only. */
export async function createSelfSigned(options: CertificateOptions): Promise<KeyPair> {
  const x509 = await loadX509();
  const keys = await generateKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    ...common(options),
    name: [{ CN: [options.name] }],
    keys,
    extensions: endEntityExtensions(x509, options.hosts ?? []),
  });
  return {
    key: await privateKeyPem(x509, keys),
    cert: certificate.toString("pem"),
  };
}

/** Makes a certificate authority that signs nothing but nodes. */
export async function createCa(options: CertificateOptions): Promise<KeyPair> {
  const x509 = await loadX509();
  const keys = await generateKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    ...common(options),
    name: [{ CN: [options.name] }],
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return {
    key: await privateKeyPem(x509, keys),
    cert: certificate.toString("pem"),
  };
}

/** Makes a node's certificate for mode "ca", signed by `ca`. */
export async function issueCertificate(ca: KeyPair, options: CertificateOptions): Promise<KeyPair> {
  const x509 = await loadX509();
  const keys = await generateKeys();
  const authority = new x509.X509Certificate(ca.cert);
  const certificate = await x509.X509CertificateGenerator.create({
    ...common(options),
    subject: [{ CN: [options.name] }],
    issuer: authority.subjectName.toJSON(),
    publicKey: keys.publicKey,
    signingKey: await importPrivateKey(x509, ca.key),
    extensions: [
      ...endEntityExtensions(x509, options.hosts ?? []),
      await x509.AuthorityKeyIdentifierExtension.create(authority, false),
    ],
  });
  return {
    key: await privateKeyPem(x509, keys),
    cert: certificate.toString("pem"),
  };
}

/** What a certificate says, as far as a node's operator has to know. */
export interface CertificateFacts {
  /** DNS names and IP addresses that it stands for, in its order. */
  readonly hosts: readonly string[];
  /** Milliseconds since 1970. */
  readonly startsAt: number;
  readonly expiresAt: number;
}

/**
 * Reads a certificate and makes sure that the key is its own.
 * @throws {Error} one of them is no PEM, or they do not belong together
 */
export function readKeyPair({ key, cert }: KeyPair): CertificateFacts {
  const certificate = new X509Certificate(cert);
  if (!certificate.checkPrivateKey(createPrivateKey(key))) {
    throw new Error("the key is not that of the certificate");
  }
  return {
    hosts: hostsOf(certificate),
    startsAt: Date.parse(certificate.validFrom),
    expiresAt: Date.parse(certificate.validTo),
  };
}

/** Whether a certificate stands for a host, with what wildcards it has. */
export function certifiesHost(cert: string, host: string): boolean {
  const certificate = new X509Certificate(cert);
  const match = isAddress(host) ? certificate.checkIP(host) : certificate.checkHost(host);
  return match !== undefined;
}

/** How many certificates a PEM file holds. @throws {Error} one of them is none */
export function countCertificates(pem: string): number {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  for (const block of blocks) new X509Certificate(block);
  return blocks.length;
}

/**
 * Makes sure that a listener takes these, which looks at more of a file than its first certificate or key: one that is being
 * appended to has a good beginning.
 * @throws {Error}
 */
export function assertUsable(pem: Partial<KeyPair> & { readonly ca?: string }): void {
  // Loaded when first needed: it costs 10 ms, and most nodes have no files.
  process.getBuiltinModule("node:tls").createSecureContext(pem);
}

/** From text such as `DNS:db.example, IP Address:10.0.0.1`. */
function hostsOf({ subjectAltName }: X509Certificate): readonly string[] {
  const names = (subjectAltName ?? "").matchAll(/(?:DNS|IP Address):([^,\s]+)/g);
  return Array.from(names, ([, host]) => host as string);
}
