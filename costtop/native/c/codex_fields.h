/* What the records of a Codex rollout hold, as far as any decoder reads it alike.
 *
 * All functions answer false where something is told twice, has an odd type, or is a text that
 * Python would change: the line is then a careful one.
 */
#ifndef COSTTOP_CODEX_FIELDS_H
#define COSTTOP_CODEX_FIELDS_H

#include "json.h"

typedef struct {
    enum { ABSENT, NOTHING, YES, NO, NUMBER, NAME, RAW } is;
    json_span span; /* of a name, without its quotes, or of what is raw */
    int64_t number;
} codex_value;

/* The fields of `records.Payload`: values up to OTHER, then what stays as it stands. */
enum {
    TYPE, TURN_ID, CALL_ID, MODEL, CWD, TOOL, ERROR, EXIT_CODE, SUCCESS, THREAD_ID, RESPONSE_ID,
    OTHER, ARGUMENTS, INPUT, ACTION, OUTPUT, INFO, RATE_LIMITS, USAGE, THREAD_USAGE, SETTINGS,
    FIELDS,
};

/* One line: when and what it is, and its payload. */
typedef struct {
    codex_value time, type, fields[FIELDS];
} codex_record;

/* Takes a whole line. */
bool codex_line(const uint8_t *start, const uint8_t *end, codex_record *record);

/* Takes the counts of `records.TokenUsage`, in its order; those that are not told are 0. */
bool codex_usage(json_span span, int64_t counts[6]);

/* Takes the two counts of `records.TokenInfo`; no model may be told. */
bool codex_info(json_span span, int64_t total[6], int64_t last[6]);

/* Whether `records.tokens_of` takes these counts of one request. */
bool codex_fit(const int64_t counts[6]);

/* Absent or null. */
bool codex_silent(codex_value value);

/* A name, or silent. */
bool codex_named(codex_value value);

#endif
