#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */

#include "store.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define SIZES 64                 /* a list for each power of two */
#define LEAST ((size_t)64 << 10) /* smaller ones are the C library's alone */
#define MOST ((size_t)32 << 20)  /* bytes that are kept */

/* What stands before the bytes that are handed out. */
typedef struct Block {
  size_t room;
  struct Block *next;
} Block;

_Static_assert(sizeof(Block) == 16, "what is handed out is aligned as malloc's");

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static Block *kept[SIZES];
static size_t kept_bytes;

static Block **list_of(size_t room) { return &kept[__builtin_ctzll(room)]; }

static Block *taken(size_t room) {
  pthread_mutex_lock(&guard);
  Block **list = list_of(room), *block = *list;
  if (block) {
    *list = block->next;
    kept_bytes -= room;
  }
  pthread_mutex_unlock(&guard);
  return block;
}

static bool is_kept(Block *block) {
  pthread_mutex_lock(&guard);
  bool has_place = kept_bytes + block->room <= MOST;
  if (has_place) {
    Block **list = list_of(block->room);
    block->next = *list;
    *list = block;
    kept_bytes += block->room;
  }
  pthread_mutex_unlock(&guard);
  return has_place;
}

/* Pages of the kernel's, which has them back when they are let go of: the C library keeps for each
   thread what lies between blocks that are in use, and after some batches that is as much again. */
static Block *made(size_t room) {
  if (room < LEAST) return malloc(sizeof(Block) + room);
  void *at = mmap(NULL, sizeof(Block) + room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return at == MAP_FAILED ? NULL : at;
}

static void unmake(Block *block) {
  if (block->room < LEAST)
    free(block);
  else
    munmap(block, sizeof *block + block->room);
}

void *stored_resize(void *at, size_t room) {
  Block *block = room < LEAST ? NULL : taken(room);
  if (!block) block = made(room);
  if (!block) return NULL;
  block->room = room;
  if (at) {
    size_t before = ((Block *)at - 1)->room;
    memcpy(block + 1, at, before < room ? before : room);
    stored_discard(at);
  }
  return block + 1;
}

void stored_discard(void *at) {
  if (!at) return;
  Block *block = (Block *)at - 1;
  if (block->room < LEAST || !is_kept(block)) unmake(block);
}
