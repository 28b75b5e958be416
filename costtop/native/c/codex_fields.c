/* What the records of a Codex rollout hold, as far as any decoder reads it alike. */
#include "codex_fields.h"

#include <string.h>

enum { LONGEST = 200, LARGEST = 1000000000 }; /* of a name (text.LIMIT); tokens of one request */
static const int64_t MOST = INT64_C(10000000000000000); /* tokens of a thread, any other number */

static const struct {
    const char *name;
    int field;
} NAMES[] = {
    {"type", TYPE},
    {"call_id", CALL_ID},
    {"output", OUTPUT},
    {"name", TOOL},
    {"arguments", ARGUMENTS},
    {"info", INFO},
    {"rate_limits", RATE_LIMITS},
    {"turn_id", TURN_ID},
    {"model", MODEL},
    {"cwd", CWD},
    {"id", OTHER},
    {"input", INPUT},
    {"action", ACTION},
    {"error", ERROR},
    {"exit_code", EXIT_CODE},
    {"success", SUCCESS},
    {"thread_id", THREAD_ID},
    {"response_id", RESPONSE_ID},
    {"usage", USAGE},
    {"thread_token_usage", THREAD_USAGE},
    {"thread_settings", SETTINGS},
    {"cli_version", OTHER},
    {"source", OTHER},
    {"forked_from_id", OTHER},
    {"model_provider", OTHER},
    {"agent_role", OTHER},
    {"git", OTHER},
};

static const char *const COUNTS[6] = {
    "input_tokens",  "cached_input_tokens",     "cache_write_input_tokens",
    "output_tokens", "reasoning_output_tokens", "total_tokens",
};

static int field_of(json_span name)
{
    for (size_t nth = 0; nth < sizeof NAMES / sizeof *NAMES; nth++)
        if (json_is(name, NAMES[nth].name))
            return NAMES[nth].field;
    return FIELDS;
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
        int field = field_of(name);
        if (field < FIELDS && field != OTHER)
            value = &fields[field];
        if (!name.plain || value->is != ABSENT)
            return false;
        if (!(field <= OTHER ? simple(walk, value) : raw(walk, value)))
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
        unsigned which = 0;
        while (which < 6 && !json_is(name, COUNTS[which]))
            which++;
        if (!name.plain || told >> which & 1)
            return false;
        if (which < 6)
            told |= 1U << which;
        if (json_word(walk, "null"))
            continue;
        if (!(which < 6 ? json_count(walk, MOST, &into[which]) : simple(walk, &unknown)))
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
