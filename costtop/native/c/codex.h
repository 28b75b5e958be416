/* The rows of a Codex rollout's lines, for costtop/sources/codex/scanned.py.
 *
 * A row has CODEX_ROW numbers: its kind, the record's time in ms UTC, where its line begins, and
 * then what its kind says; the last two are 8 bytes each, hashes. A span is two numbers, begin and
 * end in the data; an empty one says nothing.
 */
#ifndef COSTTOP_CODEX_H
#define COSTTOP_CODEX_H

#include "api.h"

enum { CODEX_ROW = 19, CODEX_HASH = 17, CODEX_RESULT = 18 };

enum {
    CODEX_CAREFUL,   /* lines for Python: no time; begin, end */
    CODEX_NOTHING,   /* is not handed over */
    CODEX_ASKED,     /* spans of the call's id, the tool's name; hash of its arguments */
    CODEX_ANSWERED,  /* spans of the call's id, of nothing, the output; failed, kind of failure or
                        -1; hash of the result */
    CODEX_USED,      /* a call, and its answer right after it: what both say, the answer's time */
    CODEX_LIMITS,    /* span of the rate limits, for equal ones in a row the same */
    CODEX_COUNTED,   /* the same; six counts of the thread, six of the request */
    CODEX_REQUEST,   /* spans of model, turn, response, thread; six counts of the request */
    CODEX_STARTED,   /* span of the turn's id */
    CODEX_COMPLETED, /* the same */
    CODEX_CONTEXT,   /* spans of the turn's id, the folder, the model */
};

/* Reads whole lines from `*from` on until `out`, of `capacity` rows, is full; gives how many rows
 * there are and leaves in `*from` where it stopped. */
COSTTOP_API int64_t costtop_codex(const uint8_t *data, size_t size, int64_t *out, size_t capacity,
                                  size_t *from);

#endif
