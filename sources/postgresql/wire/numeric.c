/* PostgreSQL's numeric as Arrow's decimal, or as text in a batch where one doesn't fit.

A text may be ten thousand times as long as the number on the wire, so the batch counts both.

On the wire: count of digits, weight, sign, scale of display, each of 16 bits, then digits to
the base 10,000, the first of which counts 10,000 to the power of the weight.
*/

#include "column.h"

#define BASE 10000
#define NEGATIVE 0x4000
#define NOT_A_NUMBER 0xC000
#define INFINITE 0xD000
#define MINUS_INFINITE 0xF000
#define LIMBS 4
#define MOST_PRECISION 76
#define CHUNK 4 /* digits of the wire that a limb takes at once */

typedef unsigned __int128 Wide;
typedef struct { uint64_t limb[LIMBS]; } Integer; /* 256 bits, the lowest limb first */

static uint64_t TENS[20];
static Integer LIMITS[MOST_PRECISION + 1];

/* number * factor + more; false when it leaves the 256 bits. */
static bool times_plus(Integer *number, uint64_t factor, uint64_t more) {
  Wide carry = more;
  for (int i = 0; i < LIMBS; i++) {
    carry += (Wide)number->limb[i] * factor;
    number->limb[i] = (uint64_t)carry;
    carry >>= 64;
  }
  return carry == 0;
}

void make_powers(void) {
  TENS[0] = 1;
  for (int i = 1; i < 20; i++) TENS[i] = TENS[i - 1] * 10;
  LIMITS[0] = (Integer){{1, 0, 0, 0}};
  for (int i = 1; i <= MOST_PRECISION; i++) {
    LIMITS[i] = LIMITS[i - 1];
    times_plus(&LIMITS[i], 10, 0);
  }
}

static bool is_below(const Integer *a, const Integer *b) {
  for (int i = LIMBS - 1; i >= 0; i--)
    if (a->limb[i] != b->limb[i]) return a->limb[i] < b->limb[i];
  return false;
}

static void negate(Integer *number) {
  Wide carry = 1;
  for (int i = 0; i < LIMBS; i++) {
    carry += ~number->limb[i];
    number->limb[i] = (uint64_t)carry;
    carry >>= 64;
  }
}

/* The magnitude times 10^scale; false when that isn't whole or has more digits than fit. */
static bool scaled(const Column *column, const uint8_t *digits, int count, int weight, Integer *out) {
  *out = (Integer){{0}};
  while (count && big16(digits + 2 * (count - 1)) == 0) count--;
  if (!count) return true;
  int tens = (weight - count + 1) * 4 + column->scale; /* that the last digit counts */
  if (tens <= -4) return false;
  if (tens > MOST_PRECISION) return false;
  int whole = tens < 0 ? count - 1 : count, in_chunk = 0;
  uint64_t chunk = 0;
  for (int i = 0; i < whole; i++) {
    chunk = chunk * BASE + big16(digits + 2 * i);
    if (++in_chunk == CHUNK) {
      if (!times_plus(out, TENS[4 * CHUNK], chunk)) return false;
      chunk = 0;
      in_chunk = 0;
    }
  }
  if (in_chunk && !times_plus(out, TENS[4 * in_chunk], chunk)) return false;
  if (tens < 0) { /* the last digit reaches behind the scale */
    uint64_t last = big16(digits + 2 * whole), unit = TENS[-tens];
    if (last % unit || !times_plus(out, TENS[4 + tens], last / unit)) return false;
  }
  for (; tens > 0; tens -= 19)
    if (!times_plus(out, TENS[tens < 19 ? tens : 19], 0)) return false;
  return is_below(out, &LIMITS[column->precision]);
}

/* The decimal text of a number with so many places behind the point. */
static bool add_decimal_text(Buffer *to, Integer number, int scale) {
  char text[MOST_PRECISION + 8]; /* backwards: digits, a point, a zero before it, a sign */
  int length = 0, written = 0;
  bool is_negative = number.limb[LIMBS - 1] >> 63, is_zero = false;
  if (is_negative) negate(&number);
  while (!is_zero || written <= scale) {
    Wide rest = 0;
    is_zero = true;
    for (int i = LIMBS - 1; i >= 0; i--) {
      rest = rest << 64 | number.limb[i];
      number.limb[i] = (uint64_t)(rest / 10);
      rest %= 10;
      is_zero = is_zero && !number.limb[i];
    }
    text[length++] = (char)('0' + (int)rest);
    if (++written == scale) text[length++] = '.';
  }
  if (is_negative) text[length++] = '-';
  if (!has_room(to, (size_t)length)) return false;
  while (length) to->at[to->used++] = (uint8_t)text[--length];
  return true;
}

/* What the batch has so far, as texts. */
static bool become_text(Column *column) {
  size_t width = column->wire == DECIMAL128 ? 16 : 32;
  Buffer numbers = column->data;
  column->data = (Buffer){0};
  column->is_text = true;
  bool is_good = add_offset(column, 0);
  for (int64_t row = 0; is_good && row < column->rows; row++) {
    if (is_valid(column, row)) {
      Integer number;
      memcpy(&number, numbers.at + (size_t)row * width, width);
      if (width == 16) number.limb[2] = number.limb[3] = number.limb[1] >> 63 ? UINT64_MAX : 0;
      is_good = add_decimal_text(&column->data, number, column->scale);
    }
    is_good = is_good && add_offset(column, column->data.used);
  }
  drop(&numbers);
  return is_good;
}

static void spell(const uint8_t *digits, int count, int at, char four[4]) {
  int value = at >= 0 && at < count ? big16(digits + 2 * at) : 0;
  for (int i = 3; i >= 0; i--, value /= 10) four[i] = (char)('0' + value % 10);
}

/* As PostgreSQL writes it, scale of display included. */
static bool add_wire_text(Buffer *to, const uint8_t *digits, int count, int weight, int places) {
  char four[4];
  bool is_good = weight >= 0 || add(to, "0", 1);
  for (int at = 0; is_good && at <= weight; at++) {
    int from = 0;
    spell(digits, count, at, four);
    while (!at && from < 3 && four[from] == '0') from++;
    is_good = add(to, four + from, (size_t)(4 - from));
  }
  if (places) is_good = is_good && add(to, ".", 1);
  for (int at = weight + 1; is_good && places > 0; at++, places -= 4) {
    spell(digits, count, at, four);
    is_good = add(to, four, places < 4 ? (size_t)places : 4);
  }
  return is_good;
}

static bool is_sign(int sign) {
  return sign == 0 || sign == NEGATIVE || sign == NOT_A_NUMBER || sign == INFINITE || sign == MINUS_INFINITE;
}

static bool add_text(Column *column, const uint8_t *digits, int count, int weight, int sign, int places) {
  Buffer *to = &column->data;
  size_t before = to->used;
  bool is_good;
  if (sign == NOT_A_NUMBER) is_good = add(to, "NaN", 3);
  else if (sign == INFINITE) is_good = add(to, "Infinity", 8);
  else if (sign == MINUS_INFINITE) is_good = add(to, "-Infinity", 9);
  else is_good = (sign != NEGATIVE || add(to, "-", 1)) && add_wire_text(to, digits, count, weight, places);
  *column->bytes += (int64_t)(to->used - before);
  return is_good && add_offset(column, to->used);
}

Outcome add_numeric(Column *column, const uint8_t *bytes, size_t count) {
  if (count < 8) return BAD_FORM;
  int digits = big16(bytes), weight = (int16_t)big16(bytes + 2);
  int sign = big16(bytes + 4), places = big16(bytes + 6);
  if (count != 8 + 2 * (size_t)digits || !is_sign(sign)) return BAD_FORM;
  if (!column->is_text) {
    Integer number;
    bool is_finite = sign == 0 || sign == NEGATIVE;
    if (is_finite && scaled(column, bytes + 8, digits, weight, &number)) {
      if (sign == NEGATIVE) negate(&number);
      bool is_good = add(&column->data, &number, column->wire == DECIMAL128 ? 16 : 32);
      return is_good ? GOOD : NO_MEMORY;
    }
    if (!become_text(column)) return NO_MEMORY;
  }
  return add_text(column, bytes + 8, digits, weight, sign, places) ? GOOD : NO_MEMORY;
}
