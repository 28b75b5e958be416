/* Kinds of ASCII characters, as patterns over bytes know them. */
#ifndef COSTTOP_BYTE_KINDS_H
#define COSTTOP_BYTE_KINDS_H

#include "api.h"

enum { IS_DIGIT = 1, IS_LETTER = 2, IS_HEX = 4 };

extern const uint8_t LETTERS[256];

static inline bool is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

static inline bool is_letter(uint8_t byte)
{
    return LETTERS[byte] & IS_LETTER;
}

static inline bool is_hex(uint8_t byte)
{
    return LETTERS[byte] & IS_HEX;
}

/* [0-9A-Za-z] */
static inline bool is_alnum(uint8_t byte)
{
    return LETTERS[byte] & (IS_DIGIT | IS_LETTER);
}

/* \w */
static inline bool is_word(uint8_t byte)
{
    return is_alnum(byte) || byte == '_';
}

#endif
