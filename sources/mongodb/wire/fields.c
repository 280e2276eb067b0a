/* Elements of documents by name: documents of one collection are mostly built alike, so the
   name that stood at a place of the last document is tried first. */

#include "fields.h"

#define MOST_AGAIN 8   /* elements of one name in one document */
#define MOST_PROBES 64 /* names that hash alike: keys may be data, and made to */
#define FIRST_SLOTS 256

/* Bytes of a value; of a counted one beyond the number that stands at its start, and the least
   that this may be. */
static const struct { enum { UNKNOWN, FIXED, COUNTED } kind; int bytes, least; } SIZES[256] = {
  [DOUBLE] = {FIXED, 8}, [UNDEFINED] = {FIXED, 0}, [OBJECT_ID] = {FIXED, 12}, [BOOL] = {FIXED, 1},
  [DATE] = {FIXED, 8}, [NOTHING] = {FIXED, 0}, [INT32] = {FIXED, 4}, [TIMESTAMP] = {FIXED, 8},
  [INT64] = {FIXED, 8}, [DECIMAL128] = {FIXED, 16}, [MIN_KEY] = {FIXED, 0}, [MAX_KEY] = {FIXED, 0},
  [STRING] = {COUNTED, 4, 1}, [CODE] = {COUNTED, 4, 1}, [SYMBOL] = {COUNTED, 4, 1}, [BINARY] = {COUNTED, 5, 0},
  [DB_POINTER] = {COUNTED, 16, 1}, [DOCUMENT] = {COUNTED, 0, LEAST_DOCUMENT},
  [ARRAY] = {COUNTED, 0, LEAST_DOCUMENT}, [CODE_WITH_SCOPE] = {COUNTED, 0, 14},
};

static int64_t regex_size(const uint8_t *at, const uint8_t *end) {
  const uint8_t *middle = memchr(at, 0, (size_t)(end - at));
  const uint8_t *last = middle ? memchr(middle + 1, 0, (size_t)(end - middle - 1)) : NULL;
  return last ? last + 1 - at : -1;
}

int64_t size_of(uint8_t type, const uint8_t *at, const uint8_t *end) {
  if (type == REGEX) return regex_size(at, end);
  if (SIZES[type].kind == UNKNOWN) return -1;
  if (SIZES[type].kind == FIXED) return SIZES[type].bytes;
  if (end - at < 4) return -1;
  int32_t count = little32(at);
  return count < SIZES[type].least ? -1 : SIZES[type].bytes + (int64_t)count;
}

Outcome find_documents(Buffer *starts, Batch batch) {
  int64_t place = 0;
  while (place < batch.size) {
    if (batch.size - place < LEAST_DOCUMENT) return MALFORMED;
    int32_t size = little32(batch.at + place);
    if (!is_within(batch, place, place + size) || batch.at[place + size - 1]) return MALFORMED;
    if (!add_int64(starts, place)) return NO_MEMORY;
    place += size;
  }
  return GOOD;
}

/* ----------------------------------------------------------------------------------- names */

static Name *name_at(Fields *fields, int32_t index) { return (Name *)fields->names.at + index; }

static uint32_t hash_of(const uint8_t *at, int64_t size) {
  uint32_t hash = 2166136261u; /* FNV-1a */
  for (int64_t i = 0; i < size; i++) hash = (hash ^ at[i]) * 16777619u;
  return hash;
}

static bool is_name(const Name *name, const Element *element) {
  return name->size == element->name_size && !memcmp(name->at, element->name, (size_t)name->size);
}

static int32_t add_name(Fields *fields, const Element *element, uint32_t hash) {
  int64_t index = names_of(fields);
  Name name = {element->name, element->name_size, -1, 0, INT64_MAX, 0, hash, -1, (int32_t)index, 0};
  return index < INT32_MAX && add(&fields->names, &name, sizeof name) ? (int32_t)index : -1;
}

/* Twice as many slots, or the first ones. */
static bool grow_slots(Fields *fields) {
  size_t old = fields->slots.used / sizeof(int32_t), count = old ? old * 2 : FIRST_SLOTS;
  Buffer slots = {0};
  if (!has_room(&slots, count * sizeof(int32_t))) return false;
  slots.used = count * sizeof(int32_t);
  memset(slots.at, 0xFF, slots.used);
  int32_t *to = (int32_t *)slots.at, *from = (int32_t *)fields->slots.at;
  for (size_t i = 0; i < old; i++) {
    if (from[i] < 0) continue;
    size_t slot = name_at(fields, from[i])->hash & (count - 1);
    while (to[slot] >= 0) slot = (slot + 1) & (count - 1);
    to[slot] = from[i];
  }
  drop(&fields->slots);
  fields->slots = slots;
  return true;
}

static Outcome find_name(Fields *fields, const Element *element, int32_t *index) {
  size_t count = fields->slots.used / sizeof(int32_t);
  if ((size_t)names_of(fields) * 2 >= count && !grow_slots(fields)) return NO_MEMORY;
  count = fields->slots.used / sizeof(int32_t);
  int32_t *slots = (int32_t *)fields->slots.at;
  uint32_t hash = hash_of(element->name, element->name_size);
  size_t slot = hash & (count - 1);
  for (int probe = 0; slots[slot] >= 0; probe++, slot = (slot + 1) & (count - 1)) {
    Name *name = name_at(fields, slots[slot]);
    *index = slots[slot];
    if (name->hash == hash && is_name(name, element)) return GOOD;
    if (probe == MOST_PROBES) return ODD;
  }
  *index = slots[slot] = add_name(fields, element, hash);
  return *index < 0 ? NO_MEMORY : GOOD;
}

/* The name of the element that is at a place of its document: mostly that of the last one. */
static Outcome name_of(Fields *fields, const Element *element, size_t place, int32_t *index) {
  size_t known = fields->expected.used / sizeof(int32_t);
  if (place < known) {
    *index = ((int32_t *)fields->expected.at)[place];
    if (is_name(name_at(fields, *index), element)) return GOOD;
  }
  Outcome outcome = find_name(fields, element, index);
  if (outcome) return outcome;
  if (place < known) ((int32_t *)fields->expected.at)[place] = *index;
  else if (place == known && !add_int32(&fields->expected, *index)) return NO_MEMORY;
  return GOOD;
}

/* The name for an element of a row that has one of that name already. */
static Outcome again(Fields *fields, const Element *element, int64_t row, int32_t *index) {
  for (int times = 0; name_at(fields, *index)->last_row == row; times++) {
    if (times == MOST_AGAIN) return ODD;
    int32_t next = name_at(fields, *index)->again;
    if (next < 0) {
      next = add_name(fields, element, 0);
      if (next < 0) return NO_MEMORY;
      name_at(fields, *index)->again = next;
    }
    *index = next;
  }
  return GOOD;
}

/* -------------------------------------------------------------------------------- elements */

static bool keep(Fields *fields, Batch batch, const Element *element) {
  return add_byte(&fields->types, element->type) && add_int64(&fields->starts, element->value - batch.at) &&
         add_int64(&fields->sizes, element->size);
}

static Outcome keep_named(Fields *fields, Batch batch, const Element *element, int64_t row, size_t place) {
  int32_t index;
  Outcome outcome = name_of(fields, element, place, &index);
  if (!outcome) outcome = again(fields, element, row, &index);
  if (outcome) return outcome;
  Name *name = name_at(fields, index);
  name->last_row = row;
  name->count++;
  if ((int64_t)place < name->place) {
    name->place = (int64_t)place;
    name->row = row;
  }
  bool is_kept = add_int32(&fields->of_name, index) && add_int64(&fields->rows, row) && keep(fields, batch, element);
  return is_kept ? GOOD : NO_MEMORY;
}

Outcome find_fields(Fields *fields, Batch batch, const int64_t *starts, const int64_t *ends, int64_t count) {
  for (int64_t row = 0; row < count; row++) {
    if (!is_within(batch, starts[row], ends[row])) return MALFORMED;
    const uint8_t *at = first_of(batch.at + starts[row]), *end = batch.at + ends[row];
    Element element;
    Step stepped;
    for (size_t place = 0; (stepped = step(&at, end, &element)) == ELEMENT; place++) {
      Outcome outcome = keep_named(fields, batch, &element, row, place);
      if (outcome) return outcome;
    }
    if (stepped == BROKEN) return MALFORMED;
  }
  return GOOD;
}

Outcome find_items(Fields *items, Batch batch, const int64_t *starts, const int64_t *ends, int64_t count,
                   int64_t *lengths) {
  for (int64_t row = 0; row < count; row++) {
    if (!is_within(batch, starts[row], ends[row])) return MALFORMED;
    const uint8_t *at = first_of(batch.at + starts[row]), *end = batch.at + ends[row];
    Element element;
    Step stepped;
    for (lengths[row] = 0; (stepped = step(&at, end, &element)) == ELEMENT; lengths[row]++)
      if (!keep(items, batch, &element)) return NO_MEMORY;
    if (stepped == BROKEN) return MALFORMED;
  }
  return GOOD;
}

static int by_first(const void *one, const void *other) {
  const Name *a = one, *b = other;
  if (a->place != b->place) return a->place < b->place ? -1 : 1;
  return (a->row > b->row) - (a->row < b->row);
}

void rank_names(Fields *fields, Name *order) {
  int64_t names = names_of(fields);
  if (names) memcpy(order, fields->names.at, (size_t)names * sizeof *order);
  qsort(order, (size_t)names, sizeof *order, by_first);
  for (int64_t i = 0; i < names; i++) name_at(fields, order[i].index)->rank = (int32_t)i;
}

void group(const Fields *fields, int64_t *from, int64_t *rows, uint8_t *types, int64_t *starts, int64_t *sizes) {
  int64_t names = names_of(fields), elements = (int64_t)fields->types.used, place = 0;
  const int32_t *of_name = (const int32_t *)fields->of_name.at;
  const Name *all = (const Name *)fields->names.at;
  for (int64_t i = 0; i < names; i++) from[all[i].rank] = all[i].count;
  for (int64_t i = 0; i < names; i++) {
    int64_t count = from[i];
    from[i] = place;
    place += count;
  }
  for (int64_t i = 0; i < elements; i++) {
    int64_t to = from[all[of_name[i]].rank]++;
    rows[to] = ((const int64_t *)fields->rows.at)[i];
    types[to] = fields->types.at[i];
    starts[to] = ((const int64_t *)fields->starts.at)[i];
    sizes[to] = ((const int64_t *)fields->sizes.at)[i];
  }
  for (int64_t i = names; i > 0; i--) from[i] = from[i - 1]; /* each has gone on to the next one's */
  from[0] = 0;
}

void drop_fields(Fields *fields) {
  Buffer *all[] = {&fields->names, &fields->slots, &fields->expected, &fields->of_name,
                   &fields->rows, &fields->types, &fields->starts, &fields->sizes};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) drop(all[i]);
}
