/* Tells the steps of a chunk, and what rows share; claude_telling.h says what. */
#include "claude_telling.h"

#include "keys.h"
#include "moment.h"

#include <string.h>

static const int WHOSE_FIELDS[CLAUDE_WHOSE] = {
    ROW_CWD, ROW_GIT_BRANCH, ROW_VERSION, ROW_AGENT_ID, ROW_ATTRIBUTION_AGENT,
    ROW_ATTRIBUTION_SKILL, ROW_ATTRIBUTION_PLUGIN};

void claude_step(claude_telling *at, enum claude_step kind, size_t count)
{
    at->steps++;
    value_tuple(&at->to, 1 + count);
    value_number(&at->to, kind);
}

void claude_piece(claude_telling *at, json_span span)
{
    if (span.start)
        value_bytes(&at->to, span.start, (size_t)(span.end - span.start));
    else
        value_none(&at->to);
}

void claude_text(claude_telling *at, json_span span)
{
    value_text(&at->to, span.start, span.start ? (size_t)(span.end - span.start) : 0);
}

void claude_hex(const uint8_t *bytes, size_t size, uint8_t *to)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t nth = 0; nth < size; nth++) {
        *to++ = (uint8_t)digits[bytes[nth] >> 4];
        *to++ = (uint8_t)digits[bytes[nth] & 15];
    }
}

void claude_hash(claude_telling *at, const uint8_t hash[8])
{
    uint8_t text[16];
    claude_hex(hash, 8, text);
    value_text(&at->to, text, sizeof text);
}

void claude_place(claude_telling *at, const uint8_t *byte)
{
    value_number(&at->to, byte - at->data);
}

void claude_open(claude_telling *at)
{
    at->open = true;
    claude_step(at, STEP_REPLY, 6);
    value_tuple(&at->to, 5);
    at->message.place = value_tuple(&at->to, 0);
}

static void tell_stop(claude_telling *at)
{
    static const char *const stops[] = {"", "", "end_turn", "stop_sequence", "tool_use"};
    const char *stop = stops[at->message.stop];
    if (at->message.stop == STOP_NONE)
        value_none(&at->to);
    else
        value_text(&at->to, (const uint8_t *)stop, strlen(stop));
}

/* What `own` of a PlainCall has: key, time, tokens, request, offset. */
static void tell_own(claude_telling *at)
{
    const claude_message *told = &at->message;
    const int64_t numbers[] = {told->first,    told->input,  told->read,    told->write,
                               told->write_1h, told->output, told->thinking};
    const size_t count = sizeof numbers / sizeof *numbers;
    uint8_t key[16];
    memcpy(key, told->half, 8);
    memcpy(key + 8, at->alone, 8);
    value_tuple(&at->to, 3 + count);
    value_bytes(&at->to, key, sizeof key);
    for (size_t nth = 0; nth < count; nth++)
        value_number(&at->to, numbers[nth]);
    claude_text(at, told->request);
    value_number(&at->to, at->offset + (told->start - at->data));
}

void claude_close(claude_telling *at)
{
    const claude_message *told = &at->message;
    values *to = &at->to;
    if (!at->open)
        return;
    at->open = false;
    value_count(to, told->place, told->tools);
    tell_own(at);
    value_number(to, told->last);
    tell_stop(at);
    value_truth(to, told->asks);
    json_span request = told->request;
    bool known = !request.start ||
                 key_is_global(request.start, (size_t)(request.end - request.start)) == 1;
    value_truth(to, told->global && known && !told->placeholder && !told->searches);
    value_truth(to, told->noted);
    if (request.start)
        claude_text(at, request);
    else
        value_none(to);
    value_truth(to, told->placeholder);
    value_number(to, told->searches);
}

/* FNV-1a of an id, never 0. */
static uint64_t mixed(json_span name)
{
    uint64_t number = UINT64_C(0xCBF29CE484222325);
    for (const uint8_t *at = name.start; at < name.end; at++)
        number = (number ^ *at) * UINT64_C(0x100000001B3);
    return number ? number : 1;
}

void claude_ask(claude_telling *at, json_span tool)
{
    uint64_t name = mixed(tool);
    at->asked[name % CLAUDE_ASKED] = name;
}

bool claude_is_asked(const claude_telling *at, json_span tool)
{
    uint64_t name = mixed(tool);
    return at->asked[name % CLAUDE_ASKED] == name;
}

bool claude_same(json_span one, json_span other)
{
    return one.start && other.start ? json_same(one, other) : one.start == other.start;
}

/* A text that cleaning leaves as it is. */
bool claude_is_clean(const claude_field *field)
{
    const json_span *span = &field->span;
    if (field->kind != TEXT || !span->plain || span->end - span->start > CLAUDE_NAME)
        return false;
    return !memchr(span->start, 0x7F, (size_t)(span->end - span->start));
}

bool claude_is(const claude_field *field, const char *word)
{
    return field->kind == TEXT && json_is(field->span, word);
}

bool claude_is_unset(const claude_field *field)
{
    return field->kind == NOTHING;
}

bool claude_time(const claude_telling *at, json_span text, int64_t *ms)
{
    if (!text.start || !moment_ms(text.start, (size_t)(text.end - text.start), ms))
        return false;
    *ms = moment_held(*ms, at->seen);
    return true;
}

bool claude_row_time(const claude_telling *at, int64_t *ms)
{
    const claude_field *field = &at->row.field[ROW_TIMESTAMP];
    return field->kind == TEXT && claude_time(at, field->span, ms);
}

/* What every regular row has: side chain or not, one session at most. */
bool claude_is_regular(const claude_telling *at)
{
    const claude_field *field = at->row.field;
    claude_kind side = field[ROW_IS_SIDECHAIN].kind, session = field[ROW_SESSION_ID].kind;
    return side != TEXT && (session == TEXT || session == NOTHING) &&
           claude_is_unset(&field[ROW_SESSION_ID_]);
}

/* Tells the row's session, where rows alone say it and this one says another. */
void claude_tell_session(claude_telling *at)
{
    const claude_field *field = &at->row.field[ROW_SESSION_ID];
    json_span none = {0}, session = field->kind == TEXT ? field->span : none;
    if (at->named || (at->has_session && claude_same(session, at->session)))
        return;
    claude_close(at);
    at->has_session = true;
    at->session = session;
    claude_step(at, STEP_SESSION, 1);
    claude_piece(at, session);
}

bool claude_is_whose(const claude_telling *at)
{
    for (int nth = 0; nth < CLAUDE_WHOSE; nth++) {
        claude_kind kind = at->row.field[WHOSE_FIELDS[nth]].kind;
        if (kind == TRUE || kind == FALSE)
            return false;
    }
    return true;
}

void claude_tell_whose(claude_telling *at)
{
    const claude_field *field = at->row.field;
    json_span whose[CLAUDE_WHOSE];
    claude_kind side = field[ROW_IS_SIDECHAIN].kind;
    bool changed = !at->has_whose || side != at->side;
    for (int nth = 0; nth < CLAUDE_WHOSE; nth++) {
        whose[nth] = field[WHOSE_FIELDS[nth]].span;
        changed = changed || !claude_same(whose[nth], at->whose[nth]);
    }
    if (!changed)
        return;
    claude_close(at);
    at->has_whose = true;
    at->side = side;
    memcpy(at->whose, whose, sizeof whose);
    claude_step(at, STEP_WHOSE, CLAUDE_WHOSE + 1);
    for (int nth = 0; nth < CLAUDE_WHOSE; nth++)
        claude_piece(at, whose[nth]);
    if (side == NOTHING)
        value_none(&at->to);
    else
        value_truth(&at->to, side == TRUE);
}

/* A manner that costs as listed is told as none. */
static json_span unless(const claude_field *field, const char *usual, const char *unknown)
{
    json_span none = {0};
    if (claude_is_unset(field) || claude_is(field, "") || claude_is(field, usual) ||
        claude_is(field, unknown))
        return none;
    return field->span;
}

void claude_tell_manner(claude_telling *at)
{
    const claude_field *field = at->row.usage.field;
    json_span manner[CLAUDE_MANNER] = {
        at->row.message[MESSAGE_MODEL].span,
        unless(&field[USAGE_SERVICE_TIER], "standard", "standard"),
        unless(&field[USAGE_SPEED], "standard", "standard"),
        unless(&field[USAGE_INFERENCE_GEO], "global", "not_available"),
    };
    bool changed = !at->has_manner;
    for (int nth = 0; nth < CLAUDE_MANNER; nth++)
        changed = changed || !claude_same(manner[nth], at->manner[nth]);
    if (!changed)
        return;
    claude_close(at);
    at->has_manner = true;
    memcpy(at->manner, manner, sizeof manner);
    claude_step(at, STEP_MANNER, CLAUDE_MANNER);
    for (int nth = 0; nth < CLAUDE_MANNER; nth++)
        claude_text(at, manner[nth]);
}
