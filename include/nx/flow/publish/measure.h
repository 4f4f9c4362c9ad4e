/* measure.h - the use case "how long does X take this text to be". */
#ifndef NX_FLOW_PUBLISH_MEASURE_H
#define NX_FLOW_PUBLISH_MEASURE_H

#include "nx/base/buf.h"

/*
 * `line` is a JSON object {"text": "..."}; append the JSON object with
 * twitter-text's parseTweet results (version 3; indices are UTF-16 units).
 * NOT_JSON, INVALID, UNKNOWN_MEMBER, NO_MEMORY.  Pure.
 */
NX_MUST_USE enum nx_rc	nx_measure(struct nx_slice line, struct nx_buf *out,
			    struct nx_err *err);

#endif
