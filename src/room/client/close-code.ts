/** How a client is told why it is closed; RFC 6455 and its registry. */
export const CloseCode = {
  NORMAL: 1000,
  GOING_AWAY: 1001,
  PROTOCOL: 1002,
  POLICY: 1008,
  ERROR: 1011,
  TRY_LATER: 1013,
} as const;
