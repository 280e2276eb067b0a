/* Bytes that grow, and numbers in the network's order. */

#ifndef BUFFER_H
#define BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 4096

typedef struct {
  uint8_t *at;
  size_t used, room;
} Buffer;

/* Whether there is room for so many more bytes; without memory there isn't. */
static inline bool has_room(Buffer *b, size_t more) {
  if (b->room - b->used >= more) return true;
  size_t room = b->room ? b->room : FIRST_ROOM;
  while (room - b->used < more) {
    if (room > SIZE_MAX / 2) return false;
    room *= 2;
  }
  uint8_t *at = realloc(b->at, room);
  if (!at) return false;
  b->at = at;
  b->room = room;
  return true;
}

static inline bool add(Buffer *b, const void *from, size_t count) {
  if (!has_room(b, count)) return false;
  if (count) memcpy(b->at + b->used, from, count);
  b->used += count;
  return true;
}

static inline bool add_zeros(Buffer *b, size_t count) {
  if (!has_room(b, count)) return false;
  if (count) memset(b->at + b->used, 0, count);
  b->used += count;
  return true;
}

static inline void drop(Buffer *b) {
  free(b->at);
  *b = (Buffer){0};
}

static inline uint16_t big16(const uint8_t *p) { return (uint16_t)(p[0] << 8 | p[1]); }

static inline uint32_t big32(const uint8_t *p) {
  return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint64_t big64(const uint8_t *p) { return (uint64_t)big32(p) << 32 | big32(p + 4); }

#endif
