/* Whether an output of a tool says that its command failed, as `tool_calls.failed`. */
#ifndef COSTTOP_TOOL_FAILURE_H
#define COSTTOP_TOOL_FAILURE_H

#include "json.h"

/* `output` is raw JSON. */
bool tool_failed(json_span output);

/* Behind `text`, or NULL where something else stands, or `at` is NULL. */
const uint8_t *behind(const uint8_t *at, const uint8_t *end, const char *text);

#endif
