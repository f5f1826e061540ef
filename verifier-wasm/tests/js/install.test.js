// The package as a stranger installs it: `npm pack`, an empty project, the README's example in Node.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const pkg = process.env.VOUCH_PKG ?? join(root, 'pkg');

test('the packed package works in an empty project', (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'vouch-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const run = (program, ...args) => execFileSync(program, args, { cwd: dir, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  const [{ filename, files }] = JSON.parse(run('npm', 'pack', '--silent', '--json', pkg));
  const names = files.map((file) => file.path).sort();
  assert.deepEqual(names, [
    'README.md', 'node.js', 'package.json', 'verifier.d.ts', 'verifier.js', 'vouch_verifier.wasm',
    'vouch_verifier.wasm.sha256', 'worker.js',
  ]);
  writeFileSync(join(dir, 'package.json'), '{"type":"module","private":true}');
  run('npm', 'install', '--silent', '--offline', '--no-audit', '--no-fund', `./${filename}`);
  cpSync(join(root, 'crates/verifier/tests/fixtures'), join(dir, 'fixtures'), { recursive: true });
  const [, example] = readFileSync(join(pkg, 'README.md'), 'utf8').match(/```js\n([^]*?)```/);
  const given = `import { readFileSync } from 'node:fs';
    const keyBytes = readFileSync('fixtures/small.key'), envelopeBytes = readFileSync('fixtures/small-0.envelope');
    const [nonce, inputs, outputs] = [undefined, [-1, 2, 3, -2, 1, 4], undefined];\n`;
  writeFileSync(join(dir, 'example.js'), given + example);
  // The key of the fixtures is for development, which the example does not accept: every other check passes.
  const output = run('node', 'example.js');
  assert.match(output, /^false/);
  assert.equal(output.match(/passed: false/g).length, 1);
  assert.match(output, /name: 'setup'/);
});
