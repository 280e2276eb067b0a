/* BSON, walked with bounds: https://bsonspec.org/spec.html */

#ifndef BSON_H
#define BSON_H

#include "bytes.h"

enum {
  MISSING = 0x00, DOUBLE = 0x01, STRING = 0x02, DOCUMENT = 0x03, ARRAY = 0x04, BINARY = 0x05,
  UNDEFINED = 0x06, OBJECT_ID = 0x07, BOOL = 0x08, DATE = 0x09, NOTHING = 0x0A, REGEX = 0x0B,
  DB_POINTER = 0x0C, CODE = 0x0D, SYMBOL = 0x0E, CODE_WITH_SCOPE = 0x0F, INT32 = 0x10,
  TIMESTAMP = 0x11, INT64 = 0x12, DECIMAL128 = 0x13, MAX_KEY = 0x7F, MIN_KEY = 0xFF
};

#define LEAST_DOCUMENT 5 /* bytes: its length, and the zero at its end */

/* The bytes of a batch. */
typedef struct {
  const uint8_t *at;
  int64_t size;
} Batch;

/* One element of a container, all of whose bytes lie before the container's closing zero. */
typedef struct {
  const uint8_t *name, *value;
  int64_t name_size, size;
  uint8_t type;
} Element;

typedef enum { ELEMENT, END, BROKEN } Step;

static inline int32_t little32(const uint8_t *p) {
  return (int32_t)((uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0]);
}

static inline int64_t little64(const uint8_t *p) {
  return (int64_t)((uint64_t)(uint32_t)little32(p + 4) << 32 | (uint32_t)little32(p));
}

/* Whether a container may lie there. */
static inline bool is_within(Batch batch, int64_t start, int64_t end) {
  return start >= 0 && start <= end && end <= batch.size && end - start >= LEAST_DOCUMENT;
}

/* The first element of a container of that many bytes. */
static inline const uint8_t *first_of(const uint8_t *container) { return container + 4; }

/* How many bytes a value takes that starts at `at`; negative where none of its type does. */
int64_t size_of(uint8_t type, const uint8_t *at, const uint8_t *end);

/* The element at `*at` of a container that ends at `end`; `*at` is behind it afterwards. */
static inline Step step(const uint8_t **at, const uint8_t *end, Element *element) {
  if (*at >= end) return BROKEN;
  element->type = **at;
  if (!element->type) return *at == end - 1 ? END : BROKEN;
  element->name = *at + 1;
  const uint8_t *named = memchr(element->name, 0, (size_t)(end - element->name));
  if (!named) return BROKEN;
  element->name_size = named - element->name;
  element->value = named + 1;
  element->size = size_of(element->type, element->value, end);
  if (element->size < 0 || element->size >= end - element->value) return BROKEN;
  *at = element->value + element->size;
  return ELEMENT;
}

#endif
