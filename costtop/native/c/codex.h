/* The rows of a Codex rollout's lines, for costtop/sources/codex/scanned.py.
 *
 * A row has CODEX_ROW numbers, each at its place below; what its kind does not say is 0. A span is
 * two numbers, begin and end in the data; an empty one says nothing.
 */
#ifndef COSTTOP_CODEX_H
#define COSTTOP_CODEX_H

#include "api.h"

enum {
    CODEX_KIND, /* one of those below */
    CODEX_TIME, /* of the record, ms UTC */
    CODEX_LINE, /* where its line begins */
    CODEX_SPAN, /* and more of them behind it, as the kind says */
    CODEX_TOTAL = 5,  /* six counts of the thread */
    CODEX_COUNTS = 11, /* six of the request */
    CODEX_LEFT = 17,   /* how many counts follow each other from this one on, with its limits */
    CODEX_CALL_ID,     /* span; from here on a tool call */
    CODEX_TOOL = 20,   /* span of its name */
    CODEX_OUTPUT = 22, /* span of its answer */
    CODEX_FAILED = 24, /* 0 or 1; -1: the count has no tool call */
    CODEX_FAILURE,     /* kind of failure, or -1 */
    CODEX_ANSWER_TIME, /* of the answer of a count's tool call */
    CODEX_HASH,        /* 8 bytes, of the arguments */
    CODEX_RESULT,      /* 8 bytes, of the answer */
    CODEX_ROW,
};

enum {
    CODEX_CAREFUL,   /* lines for Python: no time; the first span is theirs, without CODEX_LINE */
    CODEX_NOTHING,   /* is not handed over */
    CODEX_ASKED,     /* a tool call: id, name, hash of its arguments */
    CODEX_ANSWERED,  /* id, answer, whether it failed and how, hash of the result */
    CODEX_USED,      /* a call, and its answer right after it: what both say, the answer's time */
    CODEX_LIMITS,    /* span of the rate limits, for equal ones in a row the same */
    CODEX_COUNTED,   /* the same; counts; the call and answer right before it, if there are */
    CODEX_REQUEST,   /* spans of model, turn, response, thread; counts of the request */
    CODEX_STARTED,   /* span of the turn's id */
    CODEX_COMPLETED, /* the same */
    CODEX_CONTEXT,   /* spans of the turn's id, the folder, the model */
};

/* Reads whole lines from `*from` on until `out`, of `capacity` rows, is full; gives how many rows
 * there are and leaves in `*from` where it stopped. */
COSTTOP_API int64_t costtop_codex(const uint8_t *data, size_t size, int64_t *out, size_t capacity,
                                  size_t *from);

#endif
