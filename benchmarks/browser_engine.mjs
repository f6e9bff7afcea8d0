// Measures the browser engine in Node for benchmarks/browser_engine.py: reads the model from stdin, writes characters/s in JSON.
const { default: fs } = await import("node:fs");
const [engine, seconds] = process.argv.slice(2);
const { fromData } = await import(`${engine}/index.js`);
const { manifest, weights, settings } = JSON.parse(fs.readFileSync(0, "utf8"));

/** Return characters per second of generation, without the reading of the seed. */
function measure(model, options) {
  const pieces = model.stream({ seed: model.windows[0], withSeed: false, length: 1e9, randomSeed: 1, ...options });
  for (let warm = 0; warm < 50; warm++) pieces.next();
  const began = performance.now();
  let characters = 0;
  while (performance.now() - began < 1000 * seconds) {
    pieces.next();
    characters++;
  }
  return (1000 * characters) / (performance.now() - began);
}

const result = {};
for (const simd of [true, false]) {
  const began = performance.now();
  const model = fromData(manifest, weights, { simd });
  const load = performance.now() - began;
  const speeds = settings.map((options) => measure(model, options));
  result[simd ? "simd" : "plain"] = { load_milliseconds: load, characters_per_second: speeds };
}
process.stdout.write(JSON.stringify(result));
