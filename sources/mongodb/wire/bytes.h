/* Numbers behind a buffer's bytes, and what came of a piece of the work. */

#ifndef BYTES_H
#define BYTES_H

#include "../../../auto_schema/buffer.h"

/* What came of a piece of the work; ODD is left to the twin, and MALFORMED is told by it. */
typedef enum { GOOD, ODD, MALFORMED, NO_MEMORY } Outcome;

static inline bool add_byte(Buffer *b, uint8_t byte) { return add(b, &byte, 1); }
static inline bool add_int32(Buffer *b, int32_t number) { return add(b, &number, sizeof number); }
static inline bool add_int64(Buffer *b, int64_t number) { return add(b, &number, sizeof number); }

#endif
