/* Elements as relaxed Extended JSON, the form of `bson_json.py`: members in their document's order.

   https://github.com/mongodb/specifications/blob/master/source/extended-json/extended-json.md
*/

#include "json.h"

#include <math.h>
#include <stdio.h>

#define MOST_LEVELS 250 /* MongoDB stores 180 */
#define FEW_NAMES 12
#define LAST_DATE INT64_C(253402300799999) /* 9999-12-31T23:59:59.999Z */
#define MOST_FIGURES 1e15 /* numbers of so many decimal figures have a double each */
#define LEAST_PLAIN 1e-3
#define MOST_PLAIN 1e10 /* from here on Arrow writes an exponent */
#define SHORT_PLACES 6
#define HOLE 0 /* no text of JSON has such a byte */
#define MILLIS_PER_DAY INT64_C(86400000)

typedef struct {
  const uint8_t *at;
  int64_t size;
} Key;

#define PUT(texts, literal) (add(&(texts)->text, (literal), sizeof(literal) - 1) ? GOOD : NO_MEMORY)

/* ---------------------------------------------------------------------------------- scalars */

static Outcome put_unsigned(Texts *texts, uint64_t number, int least_digits) {
  char digits[24];
  int at = sizeof digits;
  do digits[--at] = (char)('0' + number % 10);
  while (least_digits-- > 1 ? (number /= 10, true) : (number /= 10) != 0);
  return add(&texts->text, digits + at, sizeof digits - (size_t)at) ? GOOD : NO_MEMORY;
}

static Outcome put_integer(Texts *texts, int64_t number) {
  if (number < 0 && !add_byte(&texts->text, '-')) return NO_MEMORY;
  return put_unsigned(texts, number < 0 ? 0 - (uint64_t)number : (uint64_t)number, 1);
}

/* The inside of a JSON string; bytes that aren't UTF-8 stay as they are. */
static Outcome put_escaped(Texts *texts, const uint8_t *bytes, int64_t size) {
  static const char SHORT[] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f',
                               ['\r'] = 'r', ['"'] = '"', ['\\'] = '\\'};
  static const char HEX[] = "0123456789abcdef";
  if (!has_room(&texts->text, (size_t)size)) return NO_MEMORY;
  int64_t from = 0;
  for (int64_t i = 0; i < size; i++) {
    uint8_t byte = bytes[i];
    if (byte >= 0x20 && byte != '"' && byte != '\\') continue;
    char escape[6] = {'\\', SHORT[byte], '0', '0', HEX[byte >> 4], HEX[byte & 15]};
    size_t length = SHORT[byte] ? 2 : 6;
    if (length == 6) escape[1] = 'u';
    if (!add(&texts->text, bytes + from, (size_t)(i - from)) || !add(&texts->text, escape, length)) return NO_MEMORY;
    from = i + 1;
  }
  return add(&texts->text, bytes + from, (size_t)(size - from)) ? GOOD : NO_MEMORY;
}

static Outcome put_string(Texts *texts, const uint8_t *bytes, int64_t size) {
  Outcome outcome = PUT(texts, "\"");
  if (!outcome) outcome = put_escaped(texts, bytes, size);
  return outcome ? outcome : PUT(texts, "\"");
}

static Outcome put_object_id(Texts *texts, const uint8_t *bytes) {
  static const char HEX[] = "0123456789abcdef";
  char text[24];
  for (int i = 0; i < 12; i++) {
    text[2 * i] = HEX[bytes[i] >> 4];
    text[2 * i + 1] = HEX[bytes[i] & 15];
  }
  Outcome outcome = PUT(texts, "{\"$oid\":\"");
  if (!outcome && !add(&texts->text, text, sizeof text)) outcome = NO_MEMORY;
  return outcome ? outcome : PUT(texts, "\"}");
}

/* Days since 1970, the civil calendar: eras of 400 years that begin in March. */
static Outcome put_date(Texts *texts, int64_t millis) {
  int64_t day = millis / MILLIS_PER_DAY + 719468, era = day / 146097, of_era = day % 146097;
  int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
  int64_t of_year = of_era - (365 * year + year / 4 - year / 100), month = (5 * of_year + 2) / 153;
  int64_t of_month = of_year - (153 * month + 2) / 5 + 1, rest = millis % MILLIS_PER_DAY;
  month = month < 10 ? month + 3 : month - 9;
  year += era * 400 + (month <= 2);
  int64_t numbers[] = {year, month, of_month, rest / 3600000, rest / 60000 % 60, rest / 1000 % 60, rest % 1000};
  static const int DIGITS[] = {4, 2, 2, 2, 2, 2, 3};
  Outcome outcome = PUT(texts, "{\"$date\":\"");
  for (int i = 0; i < 7 && !outcome; i++) {
    outcome = put_unsigned(texts, (uint64_t)numbers[i], DIGITS[i]);
    if (!outcome && !add_byte(&texts->text, (uint8_t)"--T::.Z"[i])) outcome = NO_MEMORY;
  }
  return outcome ? outcome : PUT(texts, "\"}");
}

static Outcome put_base64(Texts *texts, const uint8_t *bytes, int64_t size) {
  static const char SIGNS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  if (!has_room(&texts->text, (size_t)(size + 2) / 3 * 4)) return NO_MEMORY;
  for (int64_t i = 0; i < size; i += 3) {
    uint32_t second = i + 1 < size ? bytes[i + 1] : 0, third = i + 2 < size ? bytes[i + 2] : 0;
    uint32_t three = (uint32_t)bytes[i] << 16 | second << 8 | third;
    char signs[] = {SIGNS[three >> 18], SIGNS[three >> 12 & 63], SIGNS[three >> 6 & 63], SIGNS[three & 63]};
    if (i + 1 >= size) signs[2] = '=';
    if (i + 2 >= size) signs[3] = '=';
    if (!add(&texts->text, signs, sizeof signs)) return NO_MEMORY;
  }
  return GOOD;
}

/* The old subtype 2 tells its length a second time, which is left out. */
static Outcome put_binary(Texts *texts, const uint8_t *value, int64_t size) {
  char end[16];
  uint8_t subtype = value[4];
  value += 5;
  size -= 5;
  if (subtype == 2 && size >= 4 && little32(value) == size - 4) {
    value += 4;
    size -= 4;
  }
  int length = snprintf(end, sizeof end, "%02x\"}}", subtype);
  Outcome outcome = PUT(texts, "{\"$binary\":{\"base64\":\"");
  if (!outcome) outcome = put_base64(texts, value, size);
  if (!outcome) outcome = PUT(texts, "\",\"subType\":\"");
  return !outcome && !add(&texts->text, end, (size_t)length) ? NO_MEMORY : outcome;
}

static Outcome put_timestamp(Texts *texts, const uint8_t *value) {
  Outcome outcome = PUT(texts, "{\"$timestamp\":{\"t\":");
  if (!outcome) outcome = put_unsigned(texts, (uint32_t)little32(value + 4), 1);
  if (!outcome) outcome = PUT(texts, ",\"i\":");
  if (!outcome) outcome = put_unsigned(texts, (uint32_t)little32(value), 1);
  return outcome ? outcome : PUT(texts, "}}");
}

static Outcome put_hole(Texts *texts, int64_t start, uint8_t type, int64_t size) {
  bool is_kept = add_byte(&texts->text, HOLE) && add_byte(&texts->types, type) &&
                 add_int64(&texts->starts, start) && add_int64(&texts->sizes, size);
  return is_kept ? GOOD : NO_MEMORY;
}

/* A double of at most 15 figures and 6 places: they are its shortest text, since no two such
   decimals have the same double. Every other one is a hole, which Arrow fills. */
static Outcome put_double(Texts *texts, const uint8_t *value, int64_t start) {
  static const double POWERS[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6};
  uint64_t bits = (uint64_t)little64(value);
  double number;
  memcpy(&number, &bits, sizeof number);
  double size = fabs(number), figures = 0;
  int places = 0;
  bool is_short = size >= LEAST_PLAIN && size < MOST_PLAIN;
  for (; is_short; places++) {
    figures = nearbyint(size * POWERS[places]);
    if (figures / POWERS[places] == size) break;
    is_short = places < SHORT_PLACES;
  }
  if (!is_short || figures >= MOST_FIGURES) return put_hole(texts, start, DOUBLE, 8);
  uint64_t power = (uint64_t)POWERS[places], all = (uint64_t)figures;
  if (number < 0 && !add_byte(&texts->text, '-')) return NO_MEMORY;
  Outcome outcome = put_unsigned(texts, all / power, 1);
  if (!outcome) outcome = PUT(texts, ".");
  return outcome ? outcome : put_unsigned(texts, all % power, places);
}

/* ------------------------------------------------------------------------------------ names */

static bool is_follower(uint8_t byte) { return (byte & 0xC0) == 0x80; }

/* Whether bytes are UTF-8: none longer than need be, no surrogate, nothing beyond U+10FFFF. */
static bool is_utf8(const uint8_t *at, int64_t size) {
  const uint8_t *end = at + size;
  while (at < end) {
    uint8_t first = *at++;
    if (first < 0x80) continue;
    int followers = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
    if (first < 0xC2 || first > 0xF4 || end - at < followers) return false;
    uint8_t least = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    uint8_t most = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (*at < least || *at > most) return false;
    for (int i = 0; i < followers; i++)
      if (!is_follower(*at++)) return false;
  }
  return true;
}

static int compare(const void *one, const void *other) {
  const Key *a = one, *b = other;
  if (a->size != b->size) return a->size < b->size ? -1 : 1;
  return memcmp(a->at, b->at, (size_t)a->size);
}

/* Whether no name of a document stands twice. */
static bool are_different(Key *names, size_t count) {
  if (count > FEW_NAMES) qsort(names, count, sizeof *names, compare);
  for (size_t i = 1; i < count; i++)
    for (size_t j = count > FEW_NAMES ? i - 1 : 0; j < i; j++)
      if (names[i].size == names[j].size && !memcmp(names[i].at, names[j].at, (size_t)names[i].size)) return false;
  return true;
}

/* ------------------------------------------------------------------------------- containers */

static Outcome put_value(Texts *texts, Batch batch, uint8_t type, const uint8_t *value, int64_t size, int level);

static Outcome put_key(Texts *texts, const Element *element) {
  Key key = {element->name, element->name_size};
  if (!is_utf8(key.at, key.size)) return ODD;
  if (!add(&texts->names, &key, sizeof key)) return NO_MEMORY;
  Outcome outcome = put_string(texts, key.at, key.size);
  return outcome ? outcome : PUT(texts, ":");
}

static Outcome put_container(Texts *texts, Batch batch, const uint8_t *container, int64_t size, int level,
                             bool is_document) {
  if (level == MOST_LEVELS) return ODD;
  const uint8_t *at = first_of(container), *end = container + size;
  size_t names = texts->names.used;
  Outcome outcome = is_document ? PUT(texts, "{") : PUT(texts, "[");
  Element element;
  Step stepped;
  for (bool is_first = true; !outcome && (stepped = step(&at, end, &element)) != END; is_first = false) {
    if (stepped == BROKEN) return MALFORMED;
    if (!is_first) outcome = PUT(texts, ",");
    if (is_document && !outcome) outcome = put_key(texts, &element);
    if (!outcome) outcome = put_value(texts, batch, element.type, element.value, element.size, level + 1);
  }
  if (outcome) return outcome;
  if (is_document) {
    Key *own = (Key *)(texts->names.at + names);
    if (texts->names.used > names && !are_different(own, (texts->names.used - names) / sizeof(Key))) return ODD;
    texts->names.used = names;
  }
  return is_document ? PUT(texts, "}") : PUT(texts, "]");
}

static Outcome put_value(Texts *texts, Batch batch, uint8_t type, const uint8_t *value, int64_t size, int level) {
  int64_t start = value - batch.at;
  switch (type) {
    case MISSING: return GOOD;
    case NOTHING: return PUT(texts, "null");
    case UNDEFINED: return PUT(texts, "{\"$undefined\":true}");
    case MIN_KEY: return PUT(texts, "{\"$minKey\":1}");
    case MAX_KEY: return PUT(texts, "{\"$maxKey\":1}");
    case BOOL: return *value ? PUT(texts, "true") : PUT(texts, "false");
    case INT32: return put_integer(texts, little32(value));
    case INT64: return put_integer(texts, little64(value));
    case DOUBLE: return put_double(texts, value, start);
    case STRING: return put_string(texts, value + 4, size - 5);
    case OBJECT_ID: return put_object_id(texts, value);
    case BINARY: return put_binary(texts, value, size);
    case TIMESTAMP: return put_timestamp(texts, value);
    case DOCUMENT: return put_container(texts, batch, value, size, level, true);
    case ARRAY: return put_container(texts, batch, value, size, level, false);
    case DATE:
      if (little64(value) >= 0 && little64(value) <= LAST_DATE) return put_date(texts, little64(value));
      return put_hole(texts, start, type, size);
    default: return put_hole(texts, start, type, size);
  }
}

/* The text of one element, or one hole for the whole of it. */
static Outcome put_whole(Texts *texts, Batch batch, uint8_t type, int64_t start, int64_t size) {
  if (type == MISSING) return GOOD;
  if (start < 0 || size < 0 || start >= batch.size || size > batch.size - start) return MALFORMED;
  if (size_of(type, batch.at + start, batch.at + batch.size) != size) return MALFORMED;
  size_t text = texts->text.used, types = texts->types.used;
  texts->names.used = 0;
  Outcome outcome = put_value(texts, batch, type, batch.at + start, size, 0);
  if (outcome != ODD) return outcome;
  texts->text.used = text;
  texts->types.used = types;
  texts->starts.used = texts->sizes.used = types * sizeof(int64_t);
  return put_hole(texts, start, type, size);
}

Outcome write_texts(Texts *texts, Batch batch, const uint8_t *types, const int64_t *starts, const int64_t *sizes,
                    int64_t count) {
  if (!add_int32(&texts->offsets, 0)) return NO_MEMORY;
  for (int64_t i = 0; i < count; i++) {
    Outcome outcome = put_whole(texts, batch, types[i], starts[i], sizes[i]);
    if (outcome) return outcome;
    if (texts->text.used > INT32_MAX || !add_int32(&texts->offsets, (int32_t)texts->text.used)) return NO_MEMORY;
  }
  return GOOD;
}

void drop_texts(Texts *texts) {
  Buffer *all[] = {&texts->text, &texts->offsets, &texts->types, &texts->starts, &texts->sizes, &texts->names};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) drop(all[i]);
}

Outcome fill_holes(Buffer *to, int32_t *offsets, Holed from, const uint8_t *fillings, const int32_t *ends,
                   int64_t count) {
  int64_t at = 0, hole = 0;
  offsets[0] = 0;
  for (int64_t i = 0; i < from.count; i++) {
    const uint8_t *empty;
    int64_t end = from.offsets[i + 1];
    if (end < at || end > from.size) return MALFORMED;
    while ((empty = memchr(from.text + at, HOLE, (size_t)(end - at)))) {
      if (hole == count || ends[hole] > ends[hole + 1]) return MALFORMED;
      bool is_copied = add(to, from.text + at, (size_t)(empty - from.text - at)) &&
                       add(to, fillings + ends[hole], (size_t)(ends[hole + 1] - ends[hole]));
      if (!is_copied) return NO_MEMORY;
      at = empty - from.text + 1;
      hole++;
    }
    if (!add(to, from.text + at, (size_t)(end - at)) || to->used > INT32_MAX) return NO_MEMORY;
    at = end;
    offsets[i + 1] = (int32_t)to->used;
  }
  return hole == count ? GOOD : MALFORMED;
}
