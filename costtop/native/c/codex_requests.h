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

/* Whose the requests are: the text before what is their own, and the half that they share. */
typedef struct {
    int64_t size;
    int64_t by_chain; /* their own is the chain of all counts, and not their counts */
    uint8_t half[8];
} codex_owner;

/* Takes `count` rows of counts, of a run (codex.h), as `Thread.counted` does: those that tell a new
 * request are moved together to the front, and their keys, 16 bytes each, written to `keys`. Stops
 * before a row that tells none and yet has a tool call. Gives how many rows it took, and how many
 * of them are requests. */
COSTTOP_API int64_t costtop_codex_requests(int64_t *rows, int64_t count, const uint8_t *prefix,
                                           const codex_owner *owner, codex_counted *counted,
                                           uint8_t *keys, int64_t *requests);

#endif
