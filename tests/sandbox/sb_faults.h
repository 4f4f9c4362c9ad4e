/*
 * sb_faults.h - the faults that a test asked for.  Any thread.
 */
#ifndef SB_FAULTS_H
#define SB_FAULTS_H

#include <json.h>
#include <stdbool.h>
#include <stdint.h>

enum sb_fault_kind {
	SB_NO_FAULT,
	SB_FAULT_HANG,		/* no answer until ms passed or peer left */
	SB_FAULT_SLOW,		/* wait, then do all as usual */
	SB_FAULT_LATE,		/* do all at once, answer later */
	SB_FAULT_STATUS,	/* answer .status */
	SB_FAULT_GARBAGE,	/* a success that cannot be parsed */
	SB_FAULT_DROP		/* close without an answer */
};

/* What one request is to suffer. */
struct sb_fault {
	enum sb_fault_kind kind;
	int	 status;	/* for SB_FAULT_STATUS, 400-599 */
	bool	 work;		/* do the work all the same, hide its answer */
	bool	 held;		/* slow and late: until rules are cleared */
	int	 era;		/* how often they had been, for held */
	int64_t	 ms;		/* -1 when not given */
	int64_t	 reset_in;	/* 429: seconds to the reset; <0: no headers */
	int64_t	 retry_after;	/* that header; 0: none */
	char	 body[512];	/* in place of the usual one; "" for that */
};

struct sb_faults;

struct sb_faults *sb_faults_new(void);
void	 sb_faults_free(struct sb_faults *f);
/*
 * Adds the rule that the object describes (see README.md).  NULL, or a
 * sentence on what is wrong with it.
 */
const char *sb_faults_add(struct sb_faults *f, struct json_object *rule);
/* What is held goes on. */
void	 sb_faults_clear(struct sb_faults *f);
bool	 sb_faults_holds(struct sb_faults *f, const struct sb_fault *fault);
/* The first rule that applies to this request; counts the hit. */
void	 sb_faults_take(struct sb_faults *f, const char *method,
	    const char *path, struct sb_fault *out);
/* The caller's array. */
struct json_object *sb_faults_json(struct sb_faults *f);

#endif
