/**
 * Wrote the files beside it, once. Run it again only for a new version of the format: the vectors are what other
 * implementations and older versions rely on. `bun test/vectors/stf/generate.ts`
 */
import { ByteWriter } from "../../../src/base/bytes.ts";
import { TermEncoder } from "../../../src/term/encode/encode.ts";
import { describeTerm } from "../../../src/term/decode/describe.ts";
import { encode } from "../../../src/term/stf.ts";
import { stream, values } from "./values.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

const valid = Object.entries(values).map(([name, value]) => {
  const bytes = encode(value);
  return { name, hex: hex(bytes), terms: describeTerm(bytes).split("\n") };
});

const writer = new ByteWriter();
const encoder = new TermEncoder(writer);
const streamed = stream.map((value) => {
  writer.length = 0;
  encoder.write(writer, value);
  return { value: JSON.stringify(value), hex: hex(writer.copy()) };
});

const invalid: { name: string; hex: string; code: string }[] = [
  { name: "nothing", hex: "", code: "term_truncated" },
  { name: "version only", hex: "01", code: "term_truncated" },
  { name: "version 0", hex: "0000", code: "term_version" },
  { name: "version 2", hex: "0200", code: "term_version" },
  { name: "bytes behind the term", hex: "010000", code: "term_trailing_bytes" },
  { name: "RESET inside a term", hex: "01a1df", code: "term_unknown_tag" },
  { name: "integer cut", hex: "01c5ff", code: "term_truncated" },
  { name: "7-byte integer over 2^53 - 1", hex: "01c8ffffffffffff20", code: "term_bad_value" },
  { name: "float cut", hex: "01cd00000000000000", code: "term_truncated" },
  { name: "string cut", hex: "0185616263", code: "term_truncated" },
  { name: "string of 4 GiB", hex: "01d2ffffffff61", code: "term_truncated" },
  { name: "bytes of 4 GiB", hex: "01dcffffffff61", code: "term_truncated" },
  { name: "bigint of 1 GiB", hex: "01ce8080808004", code: "term_truncated" },
  { name: "varint over 31 bits", hex: "01ddffffffff0f", code: "term_bad_value" },
  { name: "varint without end", hex: "01ddffffffffffffff", code: "term_bad_value" },
  { name: "array longer than the input", hex: "01ddffffffff0700", code: "term_truncated" },
  { name: "map longer than the input", hex: "01e1ffffffff030000", code: "term_truncated" },
  { name: "packed array of an unknown kind", hex: "01de080100", code: "term_unknown_tag" },
  { name: "packed array longer than the input", hex: "01de070200", code: "term_truncated" },
  { name: "typed array of an unknown kind", hex: "01ef0e0100", code: "term_unknown_tag" },
  { name: "typed array with half an element", hex: "01ef030100", code: "term_bad_value" },
  { name: "unknown string", hex: "01b0", code: "term_bad_index" },
  { name: "unknown shape", hex: "0140", code: "term_bad_index" },
  { name: "unknown node", hex: "01e900000000000000", code: "term_bad_index" },
  { name: "definition inside a definition", hex: "01d7d78161", code: "term_unknown_tag" },
  { name: "definition of a number", hex: "01d705", code: "term_unknown_tag" },
  { name: "key that is no string", hex: "01e30105c1", code: "term_unknown_tag" },
  { name: "shape with a key twice", hex: "01e50481618161", code: "term_bad_value" },
  { name: "shape whose keys end too late", hex: "01e50182610000", code: "term_truncated" },
  { name: "shape whose keys take 1 GiB", hex: "01e58080808004", code: "term_too_large" },
  { name: "error whose fields are no object", hex: "01ed808080c0a0c0", code: "term_bad_value" },
  { name: "struct that nobody registered", hex: "01ee84506c756d0100", code: "struct_undecodable" },
  {
    name: "struct of a later version",
    hex: "01ee8743656c736975730300",
    code: "struct_undecodable",
  },
  {
    name: "struct whose upgrade fails",
    hex: "01ee8743656c7369757301c0",
    code: "struct_undecodable",
  },
  { name: "257 arrays", hex: `01${"a1".repeat(257)}00`, code: "term_too_deep" },
  { name: "257 maps", hex: `01${"e101".repeat(257)}00`, code: "term_too_deep" },
];

const files = { "valid.json": valid, "stream.json": streamed, "invalid.json": invalid };
for (const [name, content] of Object.entries(files)) {
  await Bun.write(`${import.meta.dir}/${name}`, `${JSON.stringify(content, undefined, 1)}\n`);
}
