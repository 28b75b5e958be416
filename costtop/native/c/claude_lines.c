/* Finds the lines of a Claude Code transcript that matter; claude_lines.h says how. */
#include "claude_lines.h"

#include "byte_kinds.h"

#include <string.h>

enum { UUID = 36, TAIL = 200 }; /* bytes */

static const char PARENT[] = "{\"parentUuid\":\"", TYPE[] = "\"type\":\"";
static const char MESSAGE[] = "\"message\":{";
static const char FAILED[] = ",\"is_error\":true}", RIGHT[] = ",\"is_error\":false}";

#define SIZE(text) (sizeof(text) - 1)

static bool starts(const uint8_t *at, const uint8_t *end, const char *word)
{
    size_t size = strlen(word);
    return (size_t)(end - at) >= size && memcmp(at, word, size) == 0;
}

const uint8_t *claude_find(const uint8_t *start, const uint8_t *end, const char *word, size_t rare)
{
    size_t size = strlen(word);
    const uint8_t *at = start;
    while ((size_t)(end - at) >= size) {
        at = memchr(at + rare, word[rare], (size_t)(end - at) - size + 1);
        if (!at)
            return NULL;
        at -= rare;
        if (memcmp(at, word, size) == 0)
            return at;
        at++;
    }
    return NULL;
}

/* Behind a text without escapes that begins at `at`, or behind a word; NULL for anything else. */
static const uint8_t *simple(const uint8_t *at, const uint8_t *end)
{
    if (at < end && *at == '"') {
        for (at++; at < end && *at != '"'; at++)
            if (*at == '\\')
                return NULL;
        return at < end ? at + 1 : NULL;
    }
    if (starts(at, end, "null") || starts(at, end, "true"))
        return at + 4;
    return starts(at, end, "false") ? at + 5 : NULL;
}

/* Behind `,"name":value` at `at`, whose name does not begin with "type"; NULL where none stands. */
static const uint8_t *head_field(const uint8_t *at, const uint8_t *end)
{
    if (!starts(at, end, ",\"") || starts(at + 2, end, "type"))
        return NULL;
    const uint8_t *name = at + 2;
    for (at = name; at < end && is_word(*at);)
        at++;
    return at > name && starts(at, end, "\":") ? simple(at + 2, end) : NULL;
}

/* Reads the head of the line anew; where its type is named, or NULL. */
static const uint8_t *read_head(claude_heads *heads, const uint8_t *start, const uint8_t *end)
{
    const uint8_t *first = start + SIZE(PARENT), *at = first;
    if (!starts(start, end, PARENT))
        return NULL;
    while (at < end && at - first < UUID && *at != '"' && *at != '\\')
        at++;
    if (at - first < UUID || !starts(at, end, "\""))
        return NULL;
    const uint8_t *shared = at++;
    for (const uint8_t *next; (next = head_field(at, end));)
        at = next;
    if (!starts(at, end, ",\"type\":\""))
        return NULL;
    at += 1 + SIZE(TYPE);
    heads->shared = shared;
    heads->shared_size = (size_t)(at - shared);
    heads->side = claude_find(shared, at, "\"isSidechain\":true", 3) != NULL;
    heads->reply = shared;
    heads->reply_size = heads->shared_size - SIZE(TYPE);
    return at;
}

static bool same(const uint8_t *at, const uint8_t *end, const uint8_t *head, size_t size)
{
    return head && (size_t)(end - at) >= size && memcmp(at, head, size) == 0;
}

/* Where the top-level type of the line is named; NULL where that is not known. */
static const uint8_t *type_at(claude_heads *heads, const uint8_t *start, const uint8_t *end)
{
    const size_t parent = SIZE(PARENT) + UUID;
    if ((size_t)(end - start) > parent) {
        const uint8_t *name = start + parent;
        if (same(name, end, heads->shared, heads->shared_size) && starts(start, end, PARENT) &&
            !memchr(start + SIZE(PARENT), '"', UUID) && !memchr(start + SIZE(PARENT), '\\', UUID))
            return name + heads->shared_size;
        if (same(name, end, heads->reply, heads->reply_size) &&
            starts(name + heads->reply_size, end, MESSAGE))
            return NULL; /* a reply names its type behind its message */
    }
    return read_head(heads, start, end);
}

claude_line_kind claude_line(claude_heads *heads, const uint8_t *start, const uint8_t *end,
                             const uint8_t **type)
{
    if (start == end)
        return LINE_IDLE;
    if (*start != '{' || end[-1] != '}')
        return LINE_ODD;
    *type = type_at(heads, start, end);
    if (!*type)
        return LINE_OTHER;
    if (starts(*type, end, "progress\"") || starts(*type, end, "attachment\""))
        return LINE_IDLE;
    return starts(*type, end, "user\"") ? LINE_USER : LINE_OTHER;
}

bool claude_line_matters(const uint8_t *start, const uint8_t *end)
{
    if (claude_find(start, end, "\"output_tokens\"", 7))
        return true;
    if (starts(start, end, "{\"type\":\"file-history-snapshot\""))
        return false;
    return claude_find(start, end, "\"user\"", 1) || claude_find(start, end, "\"subtype\"", 1) ||
           claude_find(start, end, "\"pr-link\"", 3) ||
           claude_find(start, end, "\"last-prompt\"", 5) ||
           claude_find(start, end, "\"worktree-state\"", 9);
}

/* Behind `word` at `at`; NULL where it does not stand there, or where `at` is. */
static const uint8_t *after(const uint8_t *at, const uint8_t *end, const char *word)
{
    return at && starts(at, end, word) ? at + strlen(word) : NULL;
}

/* Takes an id of one to 200 letters, digits, "_" and "-". */
static const uint8_t *tool(const uint8_t *at, const uint8_t *end, json_span *name)
{
    if (!at)
        return NULL;
    name->start = at;
    while (at < end && (is_word(*at) || *at == '-'))
        at++;
    name->end = at;
    return at > name->start && at - name->start <= 200 ? at : NULL;
}

/* Takes a text of one to `most` bytes without escapes. */
static const uint8_t *short_text(const uint8_t *at, const uint8_t *end, int most, json_span *text)
{
    if (!at)
        return NULL;
    text->start = at;
    while (at < end && *at != '"' && *at != '\\')
        at++;
    text->end = at;
    return at < end && *at == '"' && at > text->start && at - text->start <= most ? at : NULL;
}

static bool ends(const uint8_t *start, const uint8_t *end, const char *word)
{
    size_t size = strlen(word);
    return (size_t)(end - start) >= size && memcmp(end - size, word, size) == 0;
}

/* Behind the list at `at`, which nothing but what may be said of its error follows in its block. */
static const uint8_t *list(const uint8_t *at, const uint8_t *end)
{
    const uint8_t *last = claude_find(at, end, CLAUDE_AFTER, 6);
    if (!last)
        return NULL;
    if (ends(at, last, FAILED))
        last -= SIZE(FAILED);
    else if (ends(at, last, RIGHT))
        last -= SIZE(RIGHT);
    else
        last -= ends(at, last, "}");
    return ends(at + 1, last, "]") && !claude_find(at, last, "],\"", 0) ? last : NULL;
}

/* Behind the text or list at `at`; NULL for anything else. */
static const uint8_t *whole(const uint8_t *at, const uint8_t *end)
{
    if (starts(at, end, "["))
        return list(at, end);
    if (!starts(at, end, "\"") || starts(at, end, "\",\""))
        return NULL;
    for (const uint8_t *quote = at + 1; (quote = memchr(quote, '"', (size_t)(end - quote)));) {
        const uint8_t *slash = quote;
        while (slash[-1] == '\\')
            slash--;
        if ((quote - slash) % 2 == 0)
            return quote + 1;
        quote++;
    }
    return NULL;
}

bool claude_line_result(const uint8_t *type, const uint8_t *end, claude_long_result *result)
{
    static const char head[] = "user\",\"message\":{\"role\":\"user\",\"content\":[{";
    const uint8_t *at = after(type, end, head);
    json_span unused;
    const uint8_t *one = tool(after(at, end, "\"tool_use_id\":\""), end, &result->tool);
    one = after(one, end, "\",\"type\":\"tool_result\"");
    if (!one) {
        one = after(at, end, "\"type\":\"tool_result\",\"tool_use_id\":\"");
        one = after(tool(one, end, &result->tool), end, "\"");
    }
    result->content.start = at = after(one, end, ",\"content\":");
    result->content.end = at = at ? whole(at, end) : NULL;
    if (!at)
        return false;
    const uint8_t *content = at;
    result->error = starts(at, end, FAILED);
    if (result->error)
        at += SIZE(FAILED) - 1;
    else if (starts(at, end, RIGHT))
        at += SIZE(RIGHT) - 1;
    at = after(after(at, end, "}"), end, CLAUDE_AFTER);
    if (!at)
        return false;
    const uint8_t *first = result->content.start;
    first = content - first > TAIL ? content - TAIL : first;
    if (claude_find(first, content, "\"[Request interrupted by user", 1))
        return false;
    at = after(short_text(at, end, 64, &unused), end, "\",\"timestamp\":\"");
    at = short_text(at, end, 40, &result->time);
    return at && (starts(at, end, "\",") || starts(at, end, "\"}"));
}
