/* Reads the rows of replies; claude.h says what is told of them. */
#include "claude_telling.h"
#include "fingerprint.h"
#include "keys.h"

#include <string.h>

enum { FEW = 10 }; /* output tokens up to which a row without stop reason is a first count */

static bool is_manner(const claude_telling *at)
{
    const claude_field *field = at->row.usage.field;
    static const int fields[] = {USAGE_SERVICE_TIER, USAGE_SPEED, USAGE_INFERENCE_GEO};
    for (int nth = 0; nth < 3; nth++)
        if (!claude_is_unset(&field[fields[nth]]) && !claude_is_clean(&field[fields[nth]]))
            return false;
    return claude_is_clean(&at->row.message[MESSAGE_MODEL]);
}

/* Whether a reply ends so is for Python to say. */
static bool is_refusal(const claude_field *field)
{
    return !claude_is_unset(field) && (!claude_is_clean(field) || claude_is(field, "refusal"));
}

static enum claude_stop stop_of(const claude_field *field)
{
    if (claude_is_unset(field))
        return STOP_NONE;
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

/* Whether a note on the tool may have to be taken (tool_results.note_of). */
static bool is_noted(json_span name, json_span input)
{
    if (json_is(name, "Bash"))
        return claude_find(input.start, input.end, "commit", 3) ||
               claude_find(input.start, input.end, "create", 0);
    return json_is(name, "Task") || json_is(name, "Agent") || json_is(name, "WebSearch");
}

static void tell_tool(claude_telling *at, const claude_field *field)
{
    json_span name = field[BLOCK_NAME].span, input = field[BLOCK_INPUT].span;
    bool noted = is_noted(name, input);
    uint8_t hash[8];
    fingerprint(input.start, (size_t)(input.end - input.start), name.start,
                (size_t)(name.end - name.start), hash);
    claude_ask(at, field[BLOCK_ID].span);
    value_tuple(&at->to, 4);
    claude_text(at, field[BLOCK_ID].span);
    claude_text(at, name);
    claude_hash(at, hash);
    if (!noted) {
        value_none(&at->to);
        return;
    }
    value_tuple(&at->to, 3);
    claude_place(at, input.start);
    claude_place(at, input.end);
    value_number(&at->to, at->row.usage.searches);
    at->message.noted = true;
}

static void tell_tools(claude_telling *at)
{
    for (size_t nth = 0; nth < at->row.blocks; nth++)
        if (claude_is(&at->row.block[nth].field[BLOCK_TYPE], "tool_use"))
            tell_tool(at, at->row.block[nth].field);
}

static int64_t most(int64_t one, int64_t other)
{
    return one > other ? one : other;
}

/* Takes the row at hand, which begins at `start`, where it counts for more (Reply.grow). The
 * tokens are as tokens.tokens_of says them. */
static void count(claude_message *told, const claude_usage *usage, const uint8_t *start)
{
    int64_t write = most(usage->write, usage->write_5m + usage->write_1h);
    int64_t input = usage->input + usage->read + write;
    if (usage->output < told->output || (usage->output == told->output && input < told->input))
        return;
    told->start = start;
    told->input = input;
    told->read = usage->read;
    told->write = write;
    told->write_1h = usage->write_1h;
    told->output = usage->output;
    told->thinking = usage->thinking < usage->output ? usage->thinking : usage->output;
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
    const claude_message *told = &at->message;
    bool ended = !told->asks && (told->stop == STOP_END_TURN || told->stop == STOP_SEQUENCE);
    return at->open && !ended && time >= told->first &&
           claude_same(told->id, at->row.message[MESSAGE_ID].span) &&
           claude_same(told->request, at->row.field[ROW_REQUEST_ID].span);
}

/* What names the row in every copy of it, as message_keys.first_row; of a row that is no fork. */
static json_span first_row(const claude_telling *at)
{
    const claude_field *uuid = &at->row.field[ROW_UUID];
    return claude_is_unset(uuid) ? at->row.field[ROW_TIMESTAMP].span : uuid->span;
}

static void begin(claude_telling *at, int64_t time)
{
    json_span id = at->row.message[MESSAGE_ID].span;
    size_t size = (size_t)(id.end - id.start);
    bool global = key_is_global(id.start, size) == 1;
    claude_close(at);
    if (!global) {
        claude_step(at, STEP_SHORT, 2);
        claude_text(at, id);
        claude_text(at, first_row(at));
    }
    at->message = (claude_message){
        .id = id,
        .request = at->row.field[ROW_REQUEST_ID].span,
        .first = time,
        .global = global,
        .output = -1, /* any row counts for more */
        .placeholder = true,
    };
    if (global)
        key_half(id.start, size, at->message.half);
    claude_open(at);
}

/* Takes a row that was billed; false where it is not regular. */
bool claude_tell_reply(claude_telling *at, const uint8_t *start)
{
    const claude_usage *usage = &at->row.usage;
    const claude_field *stop = &at->row.message[MESSAGE_STOP_REASON];
    claude_message *told = &at->message;
    int64_t time;
    int tools;
    if (is_refusal(stop) || !is_billed(at) || !claude_row_time(at, &time) ||
        (tools = tools_of(&at->row)) < 0)
        return false;
    claude_tell_session(at);
    claude_tell_whose(at);
    claude_tell_manner(at);
    if (!goes_on(at, time))
        begin(at, time);
    count(told, usage, start);
    told->last = time;
    told->stop = stop_of(stop);
    told->asks = tools > 0;
    told->tools += (size_t)tools;
    told->searches = most(told->searches, usage->searches);
    told->placeholder = told->placeholder && usage->output <= FEW && told->stop == STOP_NONE;
    tell_tools(at);
    return true;
}
