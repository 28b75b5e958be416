/* Names a thread's requests by its counts, for costtop/sources/codex/request_runs.py. */
#ifndef COSTTOP_CODEX_REQUESTS_H
#define COSTTOP_CODEX_REQUESTS_H

#include "api.h"

enum {
    CODEX_TOLD = 260, /* bytes: twelve counts as a text take fewer */
    CODEX_CHAIN = 12, /* hex digits of keys.short */
};

/* What the thread has counted so far: its memo, which goes from run to run. */
typedef struct {
    int64_t total[6], has_total;
    int64_t began_size; /* 0: no request was named yet */
    uint8_t chain[CODEX_CHAIN], began[CODEX_TOLD];
} codex_counted;

/* Rows of counts that follow each other (codex.h), and whose they are. */
typedef struct {
    int64_t offset, seen; /* where the chunk stands in its file; the time of receipt, ms */
    const int64_t *rows;
    int64_t count;
    const uint8_t *prefix; /* of the text of a key, before what is the request's own */
    int64_t prefix_size;
    int64_t by_chain; /* its own is the chain of all counts, and not its counts */
    uint8_t half[8];  /* of the keys, which all of them share */
} codex_run;

/* Takes the rows of a chunk as `Thread.counted` does: a list of the requests that they tell goes to
 * `out`, as values (values.h): each the own fields of a `PlainCall` and one of its tools. Stops
 * before a row that tells no request and yet has a tool call, and where there is no more room.
 * Gives how many rows it took, and in `*written` how many bytes and in `*requests` how many
 * requests there are. */
COSTTOP_API int64_t costtop_codex_requests(const uint8_t *data, const codex_run *run,
                                           codex_counted *counted, uint8_t *out, int64_t capacity,
                                           int64_t *written, int64_t *requests);

#endif
