import { expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";

import { createCa, createSelfSigned, issueCertificate } from "../../src/bun/tls/certificate.ts";

test("a self-signed certificate is ECDSA P-256, valid now, and made anew each time", async () => {
  const [first, second] = await Promise.all([
    createSelfSigned({ name: "a@host", days: 2 }),
    createSelfSigned({ name: "a@host", days: 2 }),
  ]);
  const certificate = new X509Certificate(first.cert);
  expect(certificate.subject).toBe("CN=a@host");
  expect(certificate.publicKey.asymmetricKeyDetails?.namedCurve).toBe("prime256v1");
  expect(certificate.validFromDate.getTime()).toBeLessThan(Date.now());
  expect(certificate.validToDate.getTime()).toBeWithin(
    Date.now() + 86_400_000,
    Date.now() + 3 * 86_400_000,
  );
  expect(certificate.verify(certificate.publicKey)).toBe(true);
  expect(certificate.ca).toBe(false);
  expect(second.key).not.toBe(first.key);
  expect(new X509Certificate(second.cert).serialNumber).not.toBe(certificate.serialNumber);
});

test("an issued certificate stands for its hosts and chains to its authority", async () => {
  const authority = await createCa({ name: "snow, test authority", days: 10 });
  const leaf = await issueCertificate(authority, {
    name: "a@10.0.0.1",
    hosts: ["10.0.0.1", "a.example", "::1"],
    days: 1,
  });
  const [ca, certificate] = [new X509Certificate(authority.cert), new X509Certificate(leaf.cert)];
  expect(ca.ca).toBe(true);
  expect(certificate.ca).toBe(false);
  expect(certificate.checkIssued(ca)).toBe(true);
  expect(certificate.verify(ca.publicKey)).toBe(true);
  expect(certificate.checkIP("10.0.0.1")).toBe("10.0.0.1");
  expect(certificate.checkIP("::1")).toBe("::1");
  expect(certificate.checkHost("a.example")).toBe("a.example");
  expect(certificate.checkHost("b.example")).toBeUndefined();
});
