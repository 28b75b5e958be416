/* Tells the steps of a chunk, and what rows share; claude_telling.h says what. */
#include "claude_telling.h"

#include "moment.h"

#include <string.h>

static const int WHOSE_FIELDS[CLAUDE_WHOSE] = {
    ROW_CWD, ROW_GIT_BRANCH, ROW_VERSION, ROW_AGENT_ID, ROW_ATTRIBUTION_AGENT,
    ROW_ATTRIBUTION_SKILL, ROW_ATTRIBUTION_PLUGIN};

void claude_add(claude_telling *at, enum claude_tables table, const int64_t *row, size_t size)
{
    claude_table *into = &at->tables[table];
    if (into->size + size <= into->capacity)
        memcpy(into->out + into->size, row, size * sizeof *row);
    into->size += size;
}

void claude_place(const claude_telling *at, json_span span, int64_t place[2])
{
    place[0] = span.start ? span.start - at->data : -1;
    place[1] = span.start ? span.end - at->data : -1;
}

void claude_tell(claude_telling *at, int64_t number)
{
    claude_add(at, TABLE_STEPS, &number, 1);
}

void claude_tell_span(claude_telling *at, json_span span)
{
    int64_t place[2];
    claude_place(at, span, place);
    claude_add(at, TABLE_STEPS, place, 2);
}

int64_t claude_number(const uint8_t *bytes, size_t size)
{
    uint64_t number = 0;
    for (size_t nth = size; nth-- > 0;)
        number = number << 8 | bytes[nth];
    return (int64_t)number;
}

/* Ends the message whose rows came in. */
void claude_close(claude_telling *at)
{
    if (!at->open)
        return;
    at->reply[REPLY_IS_REGULAR] &= !at->reply[REPLY_PLACEHOLDER] && !at->reply[REPLY_SEARCHES];
    claude_add(at, TABLE_REPLIES, at->reply, REPLY_NUMBERS);
    at->open = false;
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
    claude_tell(at, STEP_SESSION);
    claude_tell_span(at, session);
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
    claude_tell(at, STEP_WHOSE);
    for (int nth = 0; nth < CLAUDE_WHOSE; nth++)
        claude_tell_span(at, whose[nth]);
    claude_tell(at, side == TRUE ? 1 : side == FALSE ? 0 : -1);
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
    claude_tell(at, STEP_MANNER);
    for (int nth = 0; nth < CLAUDE_MANNER; nth++)
        claude_tell_span(at, manner[nth]);
}
