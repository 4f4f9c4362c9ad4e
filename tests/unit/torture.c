/* torture.c - malloc and its kin, counted and failed. */

#include "torture.h"

#include <assert.h>
#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { BLOCKS_MAX = 1 << 16 };	/* a power of two */

void	*__wrap_malloc(size_t n);
void	*__wrap_calloc(size_t n, size_t size);
void	*__wrap_realloc(void *p, size_t n);
void	 __wrap_free(void *p);
void	*__real_malloc(size_t n);
void	*__real_calloc(size_t n, size_t size);
void	*__real_realloc(void *p, size_t n);
void	 __real_free(void *p);

CURLcode	__wrap_curl_global_init_mem(long flags,
		    curl_malloc_callback m, curl_free_callback f,
		    curl_realloc_callback r, curl_strdup_callback s,
		    curl_calloc_callback c);
CURLcode	__real_curl_global_init_mem(long flags,
		    curl_malloc_callback m, curl_free_callback f,
		    curl_realloc_callback r, curl_strdup_callback s,
		    curl_calloc_callback c);

/* Where this program's own code lies. */
extern const char __executable_start[], etext[];

static atomic_long count, fails_at, more;
static atomic_bool armed, failed;
static _Thread_local bool left_out;

/* Which blocks were counted: an open-addressing table that forgets by marking. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void *blocks[BLOCKS_MAX];
static long living;
static char gone;		/* its address marks a place that was used */

static size_t
place(const void *p)
{
	return ((uintptr_t)p >> 4) * 2654435761u & (BLOCKS_MAX - 1);
}

static void
keep(void *p)
{
	size_t i = place(p);

	if (!atomic_load(&armed))
		return;
	pthread_mutex_lock(&lock);
	assert(living < BLOCKS_MAX / 2);
	while (blocks[i] != NULL && blocks[i] != &gone)
		i = (i + 1) & (BLOCKS_MAX - 1);
	blocks[i] = p;
	living++;
	pthread_mutex_unlock(&lock);
}

static void
forget(const void *p)
{
	size_t i = place(p);

	pthread_mutex_lock(&lock);
	for (int n = 0; n < BLOCKS_MAX && blocks[i] != NULL; n++) {
		if (blocks[i] == p) {
			/* The end of a run needs no mark. */
			blocks[i] = blocks[(i + 1) & (BLOCKS_MAX - 1)] ==
			    NULL ? NULL : &gone;
			living--;
			break;
		}
		i = (i + 1) & (BLOCKS_MAX - 1);
	}
	pthread_mutex_unlock(&lock);
}

/* libcurl is lent our malloc(), but what it asks for is its own. */
static bool
is_ours(const void *caller)
{
	return !left_out && (const char *)caller >= __executable_start &&
	    (const char *)caller < etext;
}

static bool
fails(void)
{
	const long first = atomic_load(&fails_at);
	long nth;

	if (!atomic_load(&armed))
		return false;
	nth = atomic_fetch_add(&count, 1) + 1;
	if (first == 0 || nth < first || nth > first + atomic_load(&more))
		return false;
	atomic_store(&failed, true);
	return true;
}

void *
__wrap_malloc(size_t n)
{
	bool ours = is_ours(__builtin_return_address(0));
	void *p;

	if (ours && fails())
		return NULL;
	p = __real_malloc(n);
	if (ours && p != NULL)
		keep(p);
	return p;
}

void *
__wrap_calloc(size_t n, size_t size)
{
	bool ours = is_ours(__builtin_return_address(0));
	void *p;

	if (ours && fails())
		return NULL;
	p = __real_calloc(n, size);
	if (ours && p != NULL)
		keep(p);
	return p;
}

void *
__wrap_realloc(void *old, size_t n)
{
	bool ours = is_ours(__builtin_return_address(0));
	void *p;

	if (ours && fails())
		return NULL;
	if ((p = __real_realloc(old, n)) == NULL)
		return NULL;
	if (old != NULL)
		forget(old);
	if (ours)
		keep(p);
	return p;
}

void
__wrap_free(void *p)
{
	if (p != NULL)
		forget(p);
	__real_free(p);
}

/* realloc() as our own code gives it to libcurl, for which it works. */
static curl_realloc_callback lent_realloc;

static void *
libcurls_realloc(void *p, size_t n)
{
	const bool before = left_out;
	void *q;

	left_out = true;
	q = lent_realloc(p, n);
	left_out = before;
	return q;
}

CURLcode
__wrap_curl_global_init_mem(long flags, curl_malloc_callback m,
    curl_free_callback f, curl_realloc_callback r, curl_strdup_callback s,
    curl_calloc_callback c)
{
	lent_realloc = r;
	return __real_curl_global_init_mem(flags, m, f, libcurls_realloc, s,
	    c);
}

void
torture_begin(long nth, long after)
{
	pthread_mutex_lock(&lock);
	memset(blocks, 0, sizeof(blocks));
	living = 0;
	pthread_mutex_unlock(&lock);
	atomic_store(&count, 0);
	atomic_store(&failed, false);
	atomic_store(&fails_at, nth);
	atomic_store(&more, after);
	atomic_store(&armed, true);
}

long
torture_end(void)
{
	atomic_store(&armed, false);
	return atomic_load(&count);
}

bool
torture_failed(void)
{
	return atomic_load(&failed);
}

void
torture_leave_out(void)
{
	left_out = true;
}

long
torture_living(void)
{
	long n;

	pthread_mutex_lock(&lock);
	n = living;
	pthread_mutex_unlock(&lock);
	return n;
}
