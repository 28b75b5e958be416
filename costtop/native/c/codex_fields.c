/* What the records of a Codex rollout hold, as far as any decoder reads it alike. */
#include "codex_fields.h"

#include <string.h>

enum { LONGEST = 200, LARGEST = 1000000000 }; /* of a name (text.LIMIT); tokens of one request */
static const int64_t MOST = INT64_C(10000000000000000); /* tokens of a thread, any other number */

typedef struct {
    const char *name;
    size_t size;
    int field;
} named;

#define NAMED(name, field) {name, sizeof name - 1, field}

static const named NAMES[] = {
    NAMED("type", TYPE), NAMED("call_id", CALL_ID), NAMED("output", OUTPUT), NAMED("name", TOOL),
    NAMED("arguments", ARGUMENTS), NAMED("info", INFO), NAMED("rate_limits", RATE_LIMITS),
    NAMED("turn_id", TURN_ID), NAMED("model", MODEL), NAMED("cwd", CWD), NAMED("id", OTHER),
    NAMED("input", INPUT), NAMED("action", ACTION), NAMED("error", ERROR),
    NAMED("exit_code", EXIT_CODE), NAMED("success", SUCCESS), NAMED("thread_id", THREAD_ID),
    NAMED("response_id", RESPONSE_ID), NAMED("usage", USAGE),
    NAMED("thread_token_usage", THREAD_USAGE), NAMED("thread_settings", SETTINGS),
    NAMED("cli_version", OTHER), NAMED("source", OTHER), NAMED("forked_from_id", OTHER),
    NAMED("model_provider", OTHER), NAMED("agent_role", OTHER), NAMED("git", OTHER),
};

static const named COUNTS[] = {
    NAMED("input_tokens", 0), NAMED("cached_input_tokens", 1), NAMED("cache_write_input_tokens", 2),
    NAMED("output_tokens", 3), NAMED("reasoning_output_tokens", 4), NAMED("total_tokens", 5),
};

#define FOUND(name, names) found_in(name, names, sizeof names / sizeof *names)

/* The field of that name, or -1. */
static int found_in(json_span name, const named *names, size_t count)
{
    size_t size = (size_t)(name.end - name.start);
    for (size_t nth = 0; nth < count; nth++)
        if (names[nth].size == size && memcmp(names[nth].name, name.start, size) == 0)
            return names[nth].field;
    return -1;
}

/* Whether the text is harmless and whole as it stands, as `text.clean` would leave it. */
static bool is_clean(json_span span)
{
    if (!span.plain || span.end - span.start > LONGEST)
        return false;
    for (const uint8_t *at = span.start; at < span.end; at++)
        if (*at < 0x20 || *at > 0x7E)
            return false;
    return true;
}

/* Takes a value that holds no others. */
static bool simple(json_walk *walk, codex_value *value)
{
    switch (json_peek(walk)) {
    case '"':
        value->is = NAME;
        return json_text(walk, &value->span) && is_clean(value->span);
    case 'n':
        value->is = NOTHING;
        return json_word(walk, "null");
    case 't':
        value->is = YES;
        return json_word(walk, "true");
    case 'f':
        value->is = NO;
        return json_word(walk, "false");
    default:
        value->is = NUMBER;
        return json_count(walk, MOST, &value->number);
    }
}

static bool raw(json_walk *walk, codex_value *value)
{
    if (!json_value(walk, &value->span))
        return false;
    value->is = json_is(value->span, "null") ? NOTHING : RAW;
    return true;
}

static bool payload(json_walk *walk, codex_value fields[FIELDS])
{
    json_span name;
    int found;
    if (!json_enter(walk, '{'))
        return false;
    for (size_t nth = 0; (found = json_member(walk, nth, &name)) == 1; nth++) {
        codex_value unknown = {ABSENT}, *value = &unknown;
        int field = FOUND(name, NAMES);
        if (field >= 0 && field != OTHER)
            value = &fields[field];
        if (!name.plain || value->is != ABSENT)
            return false;
        if (!(field >= 0 && field <= OTHER ? simple(walk, value) : raw(walk, value)))
            return false;
    }
    return found == 0;
}

bool codex_line(const uint8_t *start, const uint8_t *end, codex_record *record)
{
    json_walk walk = {start, end};
    json_span name, unused;
    bool has_payload = false;
    int found;
    memset(record, 0, sizeof *record);
    if (!json_enter(&walk, '{'))
        return false;
    for (size_t nth = 0; (found = json_member(&walk, nth, &name)) == 1; nth++) {
        bool taken;
        if (json_is(name, "timestamp"))
            taken = record->time.is == ABSENT && simple(&walk, &record->time);
        else if (json_is(name, "type"))
            taken = record->type.is == ABSENT && simple(&walk, &record->type);
        else if (json_is(name, "payload"))
            taken = !has_payload && (has_payload = payload(&walk, record->fields));
        else
            taken = name.plain && json_value(&walk, &unused);
        if (!taken)
            return false;
    }
    return found == 0 && json_done(&walk) && has_payload;
}

static bool counts(json_walk *walk, int64_t into[6])
{
    json_span name;
    codex_value unknown;
    unsigned told = 0; /* a bit for each */
    int found;
    memset(into, 0, 6 * sizeof *into);
    if (!json_enter(walk, '{'))
        return false;
    for (size_t nth = 0; (found = json_member(walk, nth, &name)) == 1; nth++) {
        int which = FOUND(name, COUNTS);
        unsigned bit = which < 0 ? 0 : 1U << which;
        if (!name.plain || told & bit)
            return false;
        told |= bit;
        if (json_word(walk, "null"))
            continue;
        if (!(bit ? json_count(walk, MOST, &into[which]) : simple(walk, &unknown)))
            return false;
    }
    return found == 0;
}

bool codex_usage(json_span span, int64_t into[6])
{
    json_walk walk = {span.start, span.end};
    return counts(&walk, into);
}

bool codex_info(json_span span, int64_t total[6], int64_t last[6])
{
    json_walk walk = {span.start, span.end};
    json_span name;
    codex_value unknown;
    bool has_total = false, has_last = false;
    int found;
    if (!json_enter(&walk, '{'))
        return false;
    for (size_t nth = 0; (found = json_member(&walk, nth, &name)) == 1; nth++) {
        bool taken;
        if (json_is(name, "total_token_usage"))
            taken = !has_total && (has_total = counts(&walk, total));
        else if (json_is(name, "last_token_usage"))
            taken = !has_last && (has_last = counts(&walk, last));
        else
            taken = name.plain && !json_is(name, "model") && simple(&walk, &unknown);
        if (!taken)
            return false;
    }
    return found == 0 && has_total && has_last;
}

bool codex_fit(const int64_t used[6])
{
    return used[0] <= LARGEST && used[3] <= LARGEST && used[1] + used[2] <= used[0];
}

bool codex_silent(codex_value value)
{
    return value.is == ABSENT || value.is == NOTHING;
}

bool codex_named(codex_value value)
{
    return codex_silent(value) || value.is == NAME;
}
