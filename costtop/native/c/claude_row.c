/* Reads one line of a Claude Code transcript; claude_row.h says into what. */
#include "claude_row.h"

#include <string.h>

static const int64_t LARGEST = 1000000000; /* tokens in one record, as json_lines.LARGEST */

/* The names of an object's fields, the shorter ones first, in the order of their enum. */
typedef struct {
    const char *name;
    uint8_t size;
} known;

#define KNOWN(name) {name, sizeof(name) - 1}

static const known ROW[ROW_FIELDS] = {
    KNOWN("cwd"),
    KNOWN("uuid"),
    KNOWN("type"),
    KNOWN("origin"),
    KNOWN("isMeta"),
    KNOWN("agentId"),
    KNOWN("costUSD"),
    KNOWN("message"),
    KNOWN("subtype"),
    KNOWN("version"),
    KNOWN("promptId"),
    KNOWN("gitBranch"),
    KNOWN("requestId"),
    KNOWN("sessionId"),
    KNOWN("timestamp"),
    KNOWN("forkedFrom"),
    KNOWN("session_id"),
    KNOWN("isSidechain"),
    KNOWN("retryAttempt"),
    KNOWN("toolUseResult"),
    KNOWN("compactMetadata"),
    KNOWN("worktreeSession"),
    KNOWN("attributionAgent"),
    KNOWN("attributionSkill"),
    KNOWN("isCompactSummary"),
    KNOWN("isApiErrorMessage"),
    KNOWN("attributionPlugin"),
    KNOWN("interruptedMessageId"),
    KNOWN("isVisibleInTranscriptOnly"),
};

static const known MESSAGE[MESSAGE_FIELDS] = {
    KNOWN("id"), KNOWN("role"), KNOWN("model"), KNOWN("usage"), KNOWN("content"),
    KNOWN("stop_reason"),
};

static const known USAGE[USAGE_FIELDS] = {
    KNOWN("type"),
    KNOWN("model"),
    KNOWN("speed"),
    KNOWN("iterations"),
    KNOWN("input_tokens"),
    KNOWN("service_tier"),
    KNOWN("inference_geo"),
    KNOWN("output_tokens"),
    KNOWN("cache_creation"),
    KNOWN("server_tool_use"),
    KNOWN("output_tokens_details"),
    KNOWN("cache_read_input_tokens"),
    KNOWN("cache_creation_input_tokens"),
};

static const known BLOCK[BLOCK_FIELDS] = {
    KNOWN("id"), KNOWN("type"), KNOWN("name"), KNOWN("input"), KNOWN("content"),
    KNOWN("is_error"), KNOWN("tool_use_id"),
};

static const known LIFETIMES[] = {
    KNOWN("ephemeral_5m_input_tokens"), KNOWN("ephemeral_1h_input_tokens")};
static const known SEARCHES[] = {KNOWN("web_search_requests")};
static const known THINKING[] = {KNOWN("thinking_tokens")};

static int place(const known *names, int count, json_span name)
{
    size_t size = (size_t)(name.end - name.start);
    for (int nth = 0; nth < count && names[nth].size <= size; nth++)
        if (names[nth].size == size && memcmp(names[nth].name, name.start, size) == 0)
            return nth;
    return -1;
}

/* Takes the value of the field `which` of what is being read. */
typedef bool take(json_walk *walk, int which, void *into);

/* Takes an object, each of its known fields at most once. */
static bool object(json_walk *walk, const known *names, int count, take *one, void *into)
{
    uint64_t seen = 0;
    json_span name, unused;
    if (!json_enter(walk, '{'))
        return false;
    for (size_t nth = 0;; nth++) {
        int found = json_member(walk, nth, &name);
        if (found != 1)
            return found == 0;
        if (!name.plain)
            return false;
        int which = place(names, count, name);
        if (which < 0 ? !json_value(walk, &unused) : !one(walk, which, into))
            return false;
        if (which >= 0 && seen >> which & 1)
            return false;
        seen |= which < 0 ? 0 : UINT64_C(1) << which;
    }
}

/* Takes a text, a truth or null. */
static bool simple(json_walk *walk, claude_field *field)
{
    switch (json_peek(walk)) {
    case '"':
        field->kind = TEXT;
        return json_text(walk, &field->span);
    case 't':
        field->kind = TRUE;
        return json_word(walk, "true");
    case 'f':
        field->kind = FALSE;
        return json_word(walk, "false");
    default:
        field->kind = NOTHING;
        return json_word(walk, "null");
    }
}

static bool raw(json_walk *walk, claude_field *field)
{
    field->kind = RAW;
    return json_value(walk, &field->span);
}

static bool count(json_walk *walk, int64_t *into)
{
    return json_word(walk, "null") || json_count(walk, LARGEST, into);
}

static bool lifetime(json_walk *walk, int which, void *into)
{
    claude_usage *usage = into;
    return count(walk, which == 0 ? &usage->write_5m : &usage->write_1h);
}

static bool only(json_walk *walk, int which, void *into)
{
    (void)which;
    return count(walk, into);
}

static bool of_usage(json_walk *walk, int which, void *into)
{
    claude_usage *usage = into;
    switch (which) {
    case USAGE_INPUT:
        return count(walk, &usage->input);
    case USAGE_OUTPUT:
        usage->field[which].kind = RAW;
        return count(walk, &usage->output);
    case USAGE_CACHE_READ:
        return count(walk, &usage->read);
    case USAGE_CACHE_WRITE:
        return count(walk, &usage->write);
    case USAGE_CACHE_CREATION:
        return json_word(walk, "null") || object(walk, LIFETIMES, 2, lifetime, usage);
    case USAGE_SERVER_TOOL_USE:
        return json_word(walk, "null") || object(walk, SEARCHES, 1, only, &usage->searches);
    case USAGE_OUTPUT_DETAILS:
        return json_word(walk, "null") || object(walk, THINKING, 1, only, &usage->thinking);
    case USAGE_ITERATIONS:
        return raw(walk, &usage->field[which]);
    default:
        return simple(walk, &usage->field[which]);
    }
}

static bool of_block(json_walk *walk, int which, void *into)
{
    claude_field *field = &((claude_block *)into)->field[which];
    bool any = which == BLOCK_INPUT || which == BLOCK_CONTENT;
    return any ? raw(walk, field) : simple(walk, field);
}

/* Takes a content: a list of blocks, or anything else. */
static bool content(json_walk *walk, claude_row *row)
{
    claude_field *field = &row->message[MESSAGE_CONTENT];
    if (json_peek(walk) != '[')
        return raw(walk, field);
    field->kind = RAW;
    field->span.start = walk->at;
    if (!json_enter(walk, '['))
        return false;
    for (;;) {
        int found = json_item(walk, row->blocks);
        if (found != 1) {
            field->span.end = walk->at;
            return found == 0;
        }
        if (row->blocks == CLAUDE_BLOCKS)
            return false;
        claude_block *block = &row->block[row->blocks++];
        memset(block, 0, sizeof *block);
        if (!object(walk, BLOCK, BLOCK_FIELDS, of_block, block))
            return false;
    }
}

static bool of_message(json_walk *walk, int which, void *into)
{
    claude_row *row = into;
    if (which == MESSAGE_CONTENT)
        return content(walk, row);
    if (which != MESSAGE_USAGE)
        return simple(walk, &row->message[which]);
    if (json_word(walk, "null"))
        return true;
    row->message[which].kind = RAW;
    return object(walk, USAGE, USAGE_FIELDS, of_usage, &row->usage);
}

static bool of_row(json_walk *walk, int which, void *into)
{
    claude_row *row = into;
    if (which == ROW_TOOL_USE_RESULT)
        return raw(walk, &row->field[which]);
    if (which != ROW_MESSAGE)
        return simple(walk, &row->field[which]);
    if (json_word(walk, "null"))
        return true;
    row->field[which].kind = RAW;
    return object(walk, MESSAGE, MESSAGE_FIELDS, of_message, row);
}

bool claude_row_read(const uint8_t *start, const uint8_t *end, claude_row *row)
{
    json_walk walk = {start, end};
    memset(row, 0, offsetof(claude_row, block));
    row->blocks = 0;
    return object(&walk, ROW, ROW_FIELDS, of_row, row) && json_done(&walk);
}
