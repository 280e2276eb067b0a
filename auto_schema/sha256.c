/* SHA-256 (FIPS 180-4) in hex of each of many values, as they lie in Arrow's buffers.

One pass with the interpreter free; by the processor's own instructions where it has them.
*/

#include "sha256.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define BLOCK 64
#define DIGITS 64     /* of a hash in hex */
#define LENGTH_BYTES 8

typedef struct {
  uint32_t state[8];
  uint64_t length;      /* bytes so far */
  uint8_t rest[BLOCK];  /* those of them that fill no block yet */
} Hash;

typedef void (*Blocks)(uint32_t state[8], const uint8_t *data, size_t count);

static const uint32_t START[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                  0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
static const uint32_t K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t turned(uint32_t word, int by) { return (word >> by) | (word << (32 - by)); }

static uint32_t big_endian(const uint8_t *at) {
  return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void plain_blocks(uint32_t state[8], const uint8_t *data, size_t count) {
  for (; count; count--, data += BLOCK) {
    uint32_t w[64], s[8];
    for (int i = 0; i < 16; i++) w[i] = big_endian(data + 4 * i);
    for (int i = 16; i < 64; i++) {
      uint32_t a = w[i - 15], b = w[i - 2];
      w[i] = w[i - 16] + (turned(a, 7) ^ turned(a, 18) ^ (a >> 3)) + w[i - 7] +
             (turned(b, 17) ^ turned(b, 19) ^ (b >> 10));
    }
    memcpy(s, state, sizeof s);
    for (int i = 0; i < 64; i++) {
      uint32_t e = s[4], a = s[0];
      uint32_t one = s[7] + (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) +
                     ((e & s[5]) ^ (~e & s[6])) + K[i] + w[i];
      uint32_t two = (turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) +
                     ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));
      memmove(s + 1, s, 7 * sizeof *s);
      s[4] += one;
      s[0] = one + two;
    }
    for (int i = 0; i < 8; i++) state[i] += s[i];
  }
}

#if defined(__x86_64__) && defined(__GNUC__)
#include <cpuid.h>
#include <immintrin.h>

/* Four rounds at a time; `w` are the four words of the schedule for them. */
#define ROUNDS(i, w)                                                               \
  do {                                                                             \
    __m128i sum = _mm_add_epi32(w, _mm_loadu_si128((const __m128i *)(K + (i))));   \
    cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);                                 \
    abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0e));        \
  } while (0)

__attribute__((target("sha,sse4.1"))) static void quick_blocks(uint32_t state[8], const uint8_t *data, size_t count) {
  const __m128i order = _mm_set_epi64x(0x0c0d0e0f08090a0bULL, 0x0405060700010203ULL);
  __m128i low = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)state), 0xb1);
  __m128i high = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(state + 4)), 0x1b);
  __m128i abef = _mm_alignr_epi8(low, high, 8), cdgh = _mm_blend_epi16(high, low, 0xf0);
  for (; count; count--, data += BLOCK) {
    __m128i abef_before = abef, cdgh_before = cdgh, w[4];
    for (int i = 0; i < 4; i++) {
      w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(data + 16 * i)), order);
      ROUNDS(4 * i, w[i]);
    }
    for (int i = 4; i < 16; i++) {
      __m128i next = _mm_sha256msg1_epu32(w[i & 3], w[(i + 1) & 3]);
      next = _mm_add_epi32(next, _mm_alignr_epi8(w[(i + 3) & 3], w[(i + 2) & 3], 4));
      w[i & 3] = _mm_sha256msg2_epu32(next, w[(i + 3) & 3]);
      ROUNDS(4 * i, w[i & 3]);
    }
    abef = _mm_add_epi32(abef, abef_before);
    cdgh = _mm_add_epi32(cdgh, cdgh_before);
  }
  low = _mm_shuffle_epi32(abef, 0x1b);
  high = _mm_shuffle_epi32(cdgh, 0xb1);
  _mm_storeu_si128((__m128i *)state, _mm_blend_epi16(low, high, 0xf0));
  _mm_storeu_si128((__m128i *)(state + 4), _mm_alignr_epi8(high, low, 8));
}

/* Leaf 7, EBX bit 29: https://cdrdv2.intel.com/v1/dl/getContent/671200 (CPUID) */
static Blocks fastest(void) {
  unsigned a, b, c, d;
  bool has_sha = __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & (1u << 29));
  return has_sha && __builtin_cpu_supports("sse4.1") ? quick_blocks : plain_blocks;
}
#else
static Blocks fastest(void) { return plain_blocks; }
#endif

static void put(Hash *hash, Blocks blocks, const uint8_t *data, size_t length) {
  size_t held = hash->length % BLOCK;
  hash->length += length;
  if (held) {
    size_t more = length < BLOCK - held ? length : BLOCK - held;
    memcpy(hash->rest + held, data, more);
    if (held + more < BLOCK) return;
    blocks(hash->state, hash->rest, 1);
    data += more;
    length -= more;
  }
  blocks(hash->state, data, length / BLOCK);
  if (length % BLOCK) memcpy(hash->rest, data + length / BLOCK * BLOCK, length % BLOCK);
}

static void write_hex(Hash *hash, Blocks blocks, char *to) {
  static const char HEX[] = "0123456789abcdef";
  size_t held = hash->length % BLOCK;
  uint8_t last[2 * BLOCK] = {0};
  memcpy(last, hash->rest, held);
  last[held] = 0x80;
  size_t count = held < BLOCK - LENGTH_BYTES ? 1 : 2;
  uint64_t bits = hash->length * 8;
  for (int i = 0; i < LENGTH_BYTES; i++) last[count * BLOCK - 1 - i] = (uint8_t)(bits >> (8 * i));
  blocks(hash->state, last, count);
  for (int word = 0; word < 8; word++, to += 8)
    for (int i = 0; i < 8; i++) to[i] = HEX[(hash->state[word] >> (28 - 4 * i)) & 15];
}

static bool write_all(char *to, const Py_buffer *data, const int32_t *offsets, int64_t count, const Py_buffer *salt) {
  Blocks blocks = fastest();
  Hash salted = {.length = 0};
  memcpy(salted.state, START, sizeof START);
  put(&salted, blocks, salt->buf, (size_t)salt->len);
  for (int64_t row = 0; row < count; row++, to += DIGITS) {
    int32_t start = offsets[row], end = offsets[row + 1];
    if (start < 0 || end < start || end > data->len) return false;
    Hash hash = salted;
    put(&hash, blocks, (const uint8_t *)data->buf + start, (size_t)(end - start));
    write_hex(&hash, blocks, to);
  }
  return true;
}

/* sha256(data, offsets, first, count, salt) → 64 digits of each value, one behind the other. */
PyObject *method_sha256(PyObject *Py_UNUSED(module), PyObject *args) {
  Py_buffer data, offsets, salt;
  long long first, count;
  PyObject *digits = NULL;
  if (!PyArg_ParseTuple(args, "y*y*LLy*", &data, &offsets, &first, &count, &salt)) return NULL;
  long long last = (long long)(offsets.len / (Py_ssize_t)sizeof(int32_t)) - 1;
  bool inside = first >= 0 && count >= 0 && first <= last && count <= last - first;
  if (inside) digits = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)count * DIGITS);
  if (digits) {
    char *to = PyBytes_AsString(digits);
    Py_BEGIN_ALLOW_THREADS
    inside = write_all(to, &data, (const int32_t *)offsets.buf + first, count, &salt);
    Py_END_ALLOW_THREADS
  }
  if (!inside) {
    Py_CLEAR(digits);
    PyErr_SetString(PyExc_ValueError, "values that lie outside of their bytes");
  }
  PyBuffer_Release(&data);
  PyBuffer_Release(&offsets);
  PyBuffer_Release(&salt);
  return digits;
}
