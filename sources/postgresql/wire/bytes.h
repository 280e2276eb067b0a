/* Zeros behind a buffer's bytes, and numbers in the network's order. */

#ifndef BYTES_H
#define BYTES_H

#include "store.h"

#include "../../../auto_schema/buffer.h"

static inline bool add_zeros(Buffer *b, size_t count) {
  if (!has_room(b, count)) return false;
  if (count) memset(b->at + b->used, 0, count);
  b->used += count;
  return true;
}

static inline uint16_t big16(const uint8_t *p) { return (uint16_t)(p[0] << 8 | p[1]); }

static inline uint32_t big32(const uint8_t *p) {
  return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint64_t big64(const uint8_t *p) { return (uint64_t)big32(p) << 32 | big32(p + 4); }

#endif
