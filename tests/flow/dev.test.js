// ./dev itself, where a newcomer's machine differs from ours.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env, ROOT, run } from './lib/stack.js';

// Runs `script` with all that ./dev has, for a checkout at `root`.
async function inDev(script, root = ROOT) {
	const source = 'eval "$(sed -e "/^main /d" -e "s|^ROOT=.*|ROOT=$1|" "$1/dev")"; ROOT=$2;';
	const done = await run('bash', ['-c', `${source}\n${script}`, 'dev', ROOT, root], { environment: env, cwd: ROOT });
	return { ...done, lines: done.stdout.trimEnd().split('\n') };
}

const testing = (tally) => `install_for_testing() { :; }; lanes_run() { printf '%s\\n' ${tally} >>"$TALLY"; }
	tests() { local TALLY; main test plain; }; ROOT=$(mktemp -d); trap 'rm -r "$ROOT"' EXIT; tests`;

test('failed tests end ./dev test with their number and nothing else', async () => {
	const bad = await inDev(testing('"4 1" "2 0"'));
	assert.deepEqual([bad.status, bad.stdout, bad.stderr], [1, '6 passed, 1 failed\n', '']);
	const good = await inDev(testing('"4 0" "2 0"'));
	assert.deepEqual([good.status, good.stdout, good.stderr], [0, '6 passed, 0 failed\n', '']);
	const none = await inDev(testing('"0 0"'));
	assert.equal(none.status, 1, 'no test is no success');
});

test('./dev test takes variants and files, and refuses what is neither', async () => {
	const sorted = async (...words) => {
		const done = await inDev(`test_sort ${words.join(' ')}; echo "\${VARIANTS[*]}"; echo "\${FILES[*]#"$ROOT/"}"; echo "\${UNITS[*]}"`);
		return done.status === 0 ? done.stdout.trimEnd().split('\n') : done.stderr;
	};
	assert.deepEqual(await sorted(), ['plain asan tsan fault fuzz lint']);
	assert.deepEqual(await sorted('asan', 'tests/flow/dev.test.js'), ['asan', 'tests/flow/dev.test.js']);
	assert.deepEqual(await sorted('tests/fault/post.test.js'), ['fault', 'tests/fault/post.test.js']);
	assert.deepEqual(await sorted('tests/unit/test_base_log.c'), ['plain', '', 'tests/unit/test_base_log']);
	for (const word of ['plane', 'tests/flow/none.test.js', 'dev', '/etc/passwd'])
		assert.match(await sorted(word), /neither a variant nor a test/);
});

test('a variant that cannot be run here is left out, the others are run', async () => {
	const asked = async (words) => inDev(`unset NEXUS_TEST_CITUS; install_for_testing() { :; }
		lanes_run() { echo "$@"; echo '1 0' >>"$TALLY"; }; ROOT=$(mktemp -d); trap 'rm -r "$ROOT"' EXIT; main test ${words}`);
	const some = await asked('citus plain older');
	assert.deepEqual([some.status, some.stdout], [0, 'plain\n1 passed, 0 failed\n'], some.stderr);
	const none = await asked('citus');
	assert.deepEqual([none.status, none.stdout], [0, '']);
	assert.match(none.stderr, /skipped/);
});

test('each file of tests is in a share that is run, and each name in a list is a file', async () => {
	const { lines, stderr } = await inDev(`for v in plain asan tsan; do for f in "$ROOT"/tests/{sandbox,flow}/*.test.js; do echo "$(share_of $v "$f") \${SHARES[$v]}"; done; done
		for f in "$ROOT"/tests/browser/*.test.js; do echo "$(share_of plain "$f") \${SHARES[plain]}"; done
		for n in $WAITING $WAITING_TOO \${LEFT_OUT[@]}; do echo "there: $(ls "$ROOT"/tests/{sandbox,flow}/$n.test.js 2>/dev/null)"; done`);
	assert.ok(lines.length > 150, stderr);
	for (const line of lines) {
		const [share, ...all] = line.split(' ');
		assert.ok(share === 'there:' ? all[0] !== '' : all.includes(share), line);
	}
});

test('a line is broken in a copy that is there for it, and nowhere else', async () => {
	const dir = mkdtempSync(join(tmpdir(), 'nx-dev-'));
	const mutate = (...words) => run(join(ROOT, 'tests/mutate'), words, { environment: { ...env, NX_SOURCE_DIR: ROOT }, cwd: dir });
	try {
		cpSync(join(ROOT, 'src'), join(dir, 'src'), { recursive: true });
		for (const words of [['.'], ['break'], ['break', '1'], ['break', '1', '.'], ['break', '1', ROOT], ['count', '.']])
			assert.equal((await mutate(...words)).status, 64, words.join(' '));
		writeFileSync(join(dir, '.copy-to-break'), '');
		for (const nth of ['0', '9999', 'x'])
			assert.equal((await mutate('break', nth, '.')).status, 64, nth);
		const done = await mutate('break', '1', '.');
		assert.equal(done.status, 0, done.stderr);
		const file = done.stdout.split('\n')[1];
		assert.ok(!existsSync(join(ROOT, `${file}.whole`)));
		const [whole, kept, broken] = [join(ROOT, file), join(dir, `${file}.whole`), join(dir, file)].map((path) => readFileSync(path, 'utf8'));
		assert.equal(kept, whole);
		assert.notEqual(broken, whole);
		const wrong = await inDev('command_mutate .');
		assert.match(wrong.stderr, /is none of the mutations/);
	} finally {
		rmSync(dir, { recursive: true });
	}
});

test('PostgreSQL is somebody who can enter, wherever the checkout lies', { skip: process.getuid() !== 0 && 'only root is refused' }, async () => {
	const dir = mkdtempSync(join(tmpdir(), 'nx-dev-'));
	try {
		for (const mode of [0o755, 0o700]) {
			chmodSync(dir, mode);
			mkdirSync(join(dir, 'var/pg'), { recursive: true });
			const { status, lines, stderr } = await inDev(`STACK=$ROOT/var; postgres_choose_user; chown "$PG_OWNER" "$STACK/pg"
				cd "$STACK/pg"; echo "$PG_OWNER"; "\${PG_AS[@]}" id -un; "\${PG_AS[@]}" sh -c 'mkdir "$1" && : >"$1/f" && chmod 700 "$1"' sh "$STACK/pg/data${mode}"`, dir);
			assert.equal(status, 0, stderr);
			assert.notEqual(lines[0], 'root');
			assert.equal(lines[0], lines[1], 'initdb looks up whom it runs as');
			assert.equal(statSync(join(dir, `var/pg/data${mode}/f`)).uid, statSync(join(dir, 'var/pg')).uid);
		}
	} finally {
		rmSync(dir, { recursive: true });
	}
});

test('a checkout may have spaces and umlauts in its path, but nothing that a shell would read', async () => {
	const build = async (path) => (await inDev('build_configure_script() { die "it goes on"; }; dir=$(mktemp -d); trap "rm -r $dir" EXIT; build_tree "$dir"', path)).stderr;
	for (const path of ['/srv/nexus-x', '/home/jörg/Meine Projekte/nexus x (2)', '/a,b+c@d=e'])
		assert.match(await build(path), /it goes on/, path);
	for (const c of '"\'`\\$#&;:|<>*?[]{}!%~\t\n')
		assert.match(await build(`/srv/a${c}b`), /a character that a build does not survive/, c);
});

test('what goes into a URL or to a sanitizer keeps its spaces and umlauts', async () => {
	const { lines } = await inDev('url_encode "/srv/a ü/ß"; echo; LC_ALL=C; url_encode "/srv/a ü/ß"');
	assert.deepEqual(lines, [encodeURIComponent('/srv/a ü/ß'), encodeURIComponent('/srv/a ü/ß')]);
});
