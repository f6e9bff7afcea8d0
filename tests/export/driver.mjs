// Runs scripts for the tests: reads a JSON object with a script and its data from each line, and writes a line with the result,
// which can be a promise.
import { createInterface } from "node:readline";

const folder = process.argv[2];
const names = "index lstm modes noise plain products random sampling session sigmoid simd vocabulary weights";
const inspection = "changes influence order readable_cells terms trace".split(" ").map((name) => import(`${folder}/../inspection/${name}.js`));
const modules = await Promise.all(names.split(" ").map((name) => import(`${folder}/${name}.js`)));
modules.push(...(await Promise.all(inspection)), await import(`${folder}/../page/inside/choice.js`));
const engine = Object.assign({}, ...modules);

for await (const line of createInterface({ input: process.stdin })) {
  const { script, data } = JSON.parse(line);
  let answer;
  try {
    answer = { result: await new Function("engine", "data", script)(engine, data) };
  } catch (error) {
    answer = { error: { name: error.name, message: error.message, ...error } };
  }
  const plain = (_, value) => (typeof value === "bigint" ? String(value) : ArrayBuffer.isView(value) ? Array.from(value) : value);
  process.stdout.write(JSON.stringify(answer, plain) + "\n");
}
