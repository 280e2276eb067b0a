/* Bytes that grow; what the decoders of all sources keep theirs in.

   Whoever has a store of its own says so before, by `resize` and `discard`. */

#ifndef BUFFER_H
#define BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifndef resize
#define resize realloc
#define discard free
#endif

#define FIRST_ROOM 4096 /* and twice as much each time */

typedef struct {
  uint8_t *at;
  size_t used, room;
  size_t wanted; /* the first room, if it is more than usual */
} Buffer;

/* Whether there is room for so many more bytes; without memory there isn't. */
static inline bool has_room(Buffer *b, size_t more) {
  if (b->room - b->used >= more) return true;
  size_t room = b->room ? b->room : FIRST_ROOM;
  while (room - b->used < more || room < b->wanted) {
    if (room > SIZE_MAX / 2) return false;
    room *= 2;
  }
  uint8_t *at = resize(b->at, room);
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

static inline void drop(Buffer *b) {
  discard(b->at);
  *b = (Buffer){0};
}

#endif
