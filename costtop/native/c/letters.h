/* Kinds of ASCII characters, as patterns over bytes know them. */
#ifndef COSTTOP_LETTERS_H
#define COSTTOP_LETTERS_H

#include "api.h"

static inline bool is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

static inline bool is_letter(uint8_t byte)
{
    return (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
}

static inline bool is_hex(uint8_t byte)
{
    return is_digit(byte) || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'f');
}

/* \w */
static inline bool is_word(uint8_t byte)
{
    return is_digit(byte) || is_letter(byte) || byte == '_';
}

#endif
