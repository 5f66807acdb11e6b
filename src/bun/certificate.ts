import { webcrypto } from "node:crypto";

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
