/* Reads the rows of replies; claude.h says what is told of them. */
#include "claude_telling.h"
#include "fingerprint.h"
#include "keys.h"

#include <string.h>

enum { FEW = 10 }; /* output tokens up to which a row without stop reason is a first count */
enum { STOP_NONE, STOP_OTHER, STOP_END_TURN, STOP_SEQUENCE, STOP_TOOL_USE, STOP_REFUSAL };

static bool is_manner(const claude_telling *at)
{
    const claude_field *field = at->row.usage.field;
    static const int fields[] = {USAGE_SERVICE_TIER, USAGE_SPEED, USAGE_INFERENCE_GEO};
    for (int nth = 0; nth < 3; nth++)
        if (!claude_is_unset(&field[fields[nth]]) && !claude_is_clean(&field[fields[nth]]))
            return false;
    return claude_is_clean(&at->row.message[MESSAGE_MODEL]);
}

static int stop_of(const claude_field *field)
{
    if (claude_is_unset(field))
        return STOP_NONE;
    if (!claude_is_clean(field) || claude_is(field, "refusal"))
        return STOP_REFUSAL;
    if (claude_is(field, "end_turn"))
        return STOP_END_TURN;
    if (claude_is(field, "stop_sequence"))
        return STOP_SEQUENCE;
    return claude_is(field, "tool_use") ? STOP_TOOL_USE : STOP_OTHER;
}

/* Whether the usage's list of iterations hides no request (tokens.hidden_calls). */
static bool hides_none(const claude_field *field)
{
    static const char *const hidden[] = {"\"advisor", "\"compaction\"", "\"fallback"};
    if (claude_is_unset(field))
        return true;
    for (int nth = 0; nth < 3; nth++)
        if (claude_find(field->span.start, field->span.end, hidden[nth], 0))
            return false;
    return true;
}

/* How many tools the row asks for; -1 where a block is not regular. */
static int tools_of(const claude_row *row)
{
    int tools = 0;
    for (size_t nth = 0; nth < row->blocks; nth++) {
        const claude_field *field = row->block[nth].field;
        if (!claude_is_clean(&field[BLOCK_TYPE]))
            return -1;
        if (!claude_is(&field[BLOCK_TYPE], "tool_use"))
            continue;
        bool named = claude_is_clean(&field[BLOCK_ID]) && claude_is_clean(&field[BLOCK_NAME]);
        if (!named || claude_is(&field[BLOCK_ID], "") || field[BLOCK_INPUT].kind != RAW)
            return -1;
        tools++;
    }
    return tools;
}

static void tell_tools(claude_telling *at)
{
    for (size_t nth = 0; nth < at->row.blocks; nth++) {
        const claude_field *field = at->row.block[nth].field;
        if (!claude_is(&field[BLOCK_TYPE], "tool_use"))
            continue;
        json_span name = field[BLOCK_NAME].span, input = field[BLOCK_INPUT].span;
        int64_t row[TOOL_NUMBERS];
        uint8_t hash[8];
        fingerprint(input.start, (size_t)(input.end - input.start), name.start,
                    (size_t)(name.end - name.start), hash);
        claude_ask(at, field[BLOCK_ID].span);
        claude_place(at, field[BLOCK_ID].span, row + TOOL_ID);
        claude_place(at, name, row + TOOL_NAME);
        claude_place(at, input, row + TOOL_INPUT);
        row[TOOL_HASH] = claude_number(hash, sizeof hash);
        row[TOOL_SEARCHES] = at->row.usage.searches;
        claude_add(at, TABLE_TOOLS, row, TOOL_NUMBERS);
    }
}

static int64_t most(int64_t one, int64_t other)
{
    return one > other ? one : other;
}

/* The tokens as tokens.tokens_of says them. */
static void count(const claude_usage *usage, int64_t *reply)
{
    int64_t write = most(usage->write, usage->write_5m + usage->write_1h);
    reply[REPLY_INPUT] = usage->input + usage->read + write;
    reply[REPLY_READ] = usage->read;
    reply[REPLY_WRITE] = write;
    reply[REPLY_WRITE_1H] = usage->write_1h;
    reply[REPLY_OUTPUT] = usage->output;
    reply[REPLY_THINKING] =
        usage->thinking < usage->output ? usage->thinking : usage->output;
}

static bool is_name(const claude_field *field)
{
    return claude_is_clean(field) && !claude_is(field, "");
}

/* Whether the row at hand is of a request that was billed, and all that is told of it is plain. */
static bool is_billed(const claude_telling *at)
{
    const claude_field *row = at->row.field, *message = at->row.message;
    const claude_field *usage = at->row.usage.field, *request = &row[ROW_REQUEST_ID];
    if (!claude_is(&row[ROW_TYPE], "assistant") || message[MESSAGE_USAGE].kind != RAW ||
        usage[USAGE_OUTPUT].kind != RAW || claude_is(&message[MESSAGE_MODEL], "<synthetic>"))
        return false;
    if (!claude_is_unset(&row[ROW_COST]) || !claude_is_unset(&row[ROW_FORKED_FROM]))
        return false;
    if (!is_name(&message[MESSAGE_ID]) || !hides_none(&usage[USAGE_ITERATIONS]) ||
        !(claude_is_unset(&row[ROW_UUID]) || is_name(&row[ROW_UUID])))
        return false;
    return (claude_is_unset(request) || claude_is_clean(request)) && is_manner(at) &&
           claude_is_whose(at);
}

/* Whether the row goes on with the message at hand, so that both make one step (Reply.grow). */
static bool goes_on(const claude_telling *at, int64_t time)
{
    int64_t stop = at->reply[REPLY_STOP];
    bool ended = !at->reply[REPLY_ASKS] && (stop == STOP_END_TURN || stop == STOP_SEQUENCE);
    return at->open && !ended && time >= at->reply[REPLY_FIRST] &&
           claude_same(at->id, at->row.message[MESSAGE_ID].span) &&
           claude_same(at->request, at->row.field[ROW_REQUEST_ID].span);
}

static bool is_global(json_span id)
{
    return key_is_global(id.start, (size_t)(id.end - id.start)) == 1;
}

/* What names the row in every copy of it, as message_keys.first_row; of a row that is no fork. */
static json_span first_row(const claude_telling *at)
{
    const claude_field *uuid = &at->row.field[ROW_UUID];
    return claude_is_unset(uuid) ? at->row.field[ROW_TIMESTAMP].span : uuid->span;
}

static void begin(claude_telling *at, int64_t time)
{
    uint8_t half[8] = {0};
    bool global = is_global(at->row.message[MESSAGE_ID].span);
    claude_close(at);
    if (!global) {
        claude_tell(at, STEP_SHORT);
        claude_tell_span(at, at->row.message[MESSAGE_ID].span);
        claude_tell_span(at, first_row(at));
    }
    claude_tell(at, STEP_REPLY);
    at->id = at->row.message[MESSAGE_ID].span;
    at->request = at->row.field[ROW_REQUEST_ID].span;
    if (global)
        key_half(at->id.start, (size_t)(at->id.end - at->id.start), half);
    memset(at->reply, 0, sizeof at->reply);
    at->reply[REPLY_IS_REGULAR] = global && (!at->request.start || is_global(at->request));
    at->reply[REPLY_KEY] = claude_number(half, sizeof half);
    claude_place(at, at->request, at->reply + REPLY_REQUEST);
    at->reply[REPLY_FIRST] = time;
    at->reply[REPLY_OUTPUT] = -1; /* any row counts for more */
    at->reply[REPLY_PLACEHOLDER] = true;
    at->open = true;
}

/* Takes a row that was billed; false where it is not regular. */
bool claude_tell_reply(claude_telling *at, const uint8_t *start)
{
    const claude_usage *usage = &at->row.usage;
    int64_t time, *told = at->reply, now[REPLY_NUMBERS];
    int tools, stop = stop_of(&at->row.message[MESSAGE_STOP_REASON]);
    if (stop == STOP_REFUSAL || !is_billed(at) || !claude_row_time(at, &time) ||
        (tools = tools_of(&at->row)) < 0)
        return false;
    claude_tell_session(at);
    claude_tell_whose(at);
    claude_tell_manner(at);
    if (!goes_on(at, time))
        begin(at, time);
    count(usage, now);
    if (usage->output > told[REPLY_OUTPUT] || (usage->output == told[REPLY_OUTPUT] &&
                                               now[REPLY_INPUT] >= told[REPLY_INPUT])) {
        count(usage, told);
        told[REPLY_OFFSET] = start - at->data;
    }
    told[REPLY_LAST] = time;
    told[REPLY_STOP] = stop;
    told[REPLY_ASKS] = tools > 0;
    told[REPLY_TOOLS] += tools;
    told[REPLY_SEARCHES] = most(told[REPLY_SEARCHES], usage->searches);
    told[REPLY_PLACEHOLDER] &= usage->output <= FEW && stop == STOP_NONE;
    tell_tools(at);
    return true;
}
