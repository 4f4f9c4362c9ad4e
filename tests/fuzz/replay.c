/*
 * replay.c - a fuzz target without libFuzzer: its seeds, and what is near
 * them.
 *
 * Usage: fuzz_NAME [FILE...]; without files the seeds of NAME.  Each is tried
 * as it is, cut short, and with bytes changed, always in the same way.
 */

#include <dirent.h>
#include <libgen.h>
#include <string.h>
#include <sys/types.h>

#include "fuzz.h"

enum { INPUT_MAX = 1 << 20, NEAR = 60 };

static uint32_t
next(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

/* A block of its own size, so that reading past its end is seen. */
static void
once(const uint8_t *data, size_t n)
{
	uint8_t *copy = malloc(n == 0 ? 1 : n);

	CHECK(copy != NULL);
	memcpy(copy, data, n);
	(void)LLVMFuzzerTestOneInput(copy, n);
	free(copy);
}

static void
try(uint8_t *data, size_t n)
{
	uint32_t seed = 20261127;

	once(data, n);
	if (n == 0)
		return;
	for (int i = 0; i < NEAR; i++) {
		const size_t at = next(&seed) % n;
		const uint8_t was = data[at];

		once(data, at);
		data[at] = i % 3 == 0 ? (uint8_t)next(&seed) :
		    i % 3 == 1 ? (uint8_t)(was ^ 1) : 0;
		once(data, n);
		data[at] = was;
	}
}

static int
try_file(const char *path)
{
	uint8_t *data = malloc(INPUT_MAX);
	FILE *f = fopen(path, "rb");
	size_t n;

	CHECK(data != NULL);
	if (f == NULL) {
		perror(path);
		exit(1);
	}
	n = fread(data, 1, INPUT_MAX, f);
	(void)fclose(f);
	(void)fprintf(stderr, "%s\n", path);	/* the last one is to blame */
	try(data, n);
	free(data);
	return 1;
}

static int
try_seeds(char *program)
{
	const char *top = getenv("NX_SOURCE_DIR"), *name;
	char dir[1000], path[2000];
	struct dirent *e;
	int seen = 0;
	DIR *d;

	name = strstr(basename(program), "fuzz_");
	CHECK(name != NULL);
	(void)snprintf(dir, sizeof(dir), "%s/tests/fuzz/seeds/%s",
	    top == NULL ? "." : top, name + strlen("fuzz_"));
	if ((d = opendir(dir)) == NULL) {
		perror(dir);
		exit(1);
	}
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		seen += try_file(path);
	}
	(void)closedir(d);
	return seen;
}

int
main(int argc, char **argv)
{
	int seen = 0;

	for (int i = 1; i < argc; i++)
		seen += try_file(argv[i]);
	if (argc == 1)
		seen = try_seeds(argv[0]);
	printf("%d seeds\n", seen);
	return seen > 0 ? 0 : 1;
}
