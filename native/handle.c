/* Handles: a slot in the low 20 bits, the slot's generation above. Free slots are reused first-in first-out, so that a
 * generation comes round as late as it can. */
#include "barewire.h"
#include <stdlib.h>
#include <unistd.h>

static bool grow(bw_state *s) {
  uint32_t room = s->slots_room == 0 ? 64 : s->slots_room * 2;
  if (room > SLOT_MASK) room = SLOT_MASK; /* the last slot number means "none" */
  if (room <= s->slots_room) return false;
  bw_slot *slots = realloc(s->slots, room * sizeof *slots);
  if (slots == NULL) return false;
  s->slots = slots;
  s->slots_room = room;
  return true;
}

static uint32_t take_slot(bw_state *s) {
  /* Keep some free slots in the queue: a slot alone in it would be reused at once, and its generations used up. */
  if (s->free_head != SLOT_MASK && (s->slots_used - s->open > 32 || s->slots_used == s->slots_room)) {
    uint32_t slot = s->free_head;
    s->free_head = s->slots[slot].next_free;
    if (s->free_head == SLOT_MASK) s->free_tail = SLOT_MASK;
    return slot;
  }
  if (s->slots_used == s->slots_room && !grow(s)) return SLOT_MASK;
  s->slots[s->slots_used].generation = 0;
  return s->slots_used++;
}

int32_t bw_open(bw_state *s, int fd) {
  uint32_t slot = take_slot(s);
  if (slot == SLOT_MASK) {
    bw_close_fd(fd);
    return -EMFILE;
  }
  bw_slot *it = &s->slots[slot];
  it->fd = fd;
  it->watched = 0;
  s->open++;
  return (int32_t)((uint32_t)it->generation << SLOT_BITS | slot);
}

bw_slot *bw_slot_of(bw_state *s, int32_t handle) {
  uint32_t slot = (uint32_t)handle & SLOT_MASK;
  if (handle < 0 || slot >= s->slots_used) return NULL;
  bw_slot *it = &s->slots[slot];
  return it->fd >= 0 && it->generation == (uint32_t)handle >> SLOT_BITS ? it : NULL;
}

int bw_fd(bw_state *s, int32_t handle) {
  bw_slot *it = bw_slot_of(s, handle);
  return it == NULL ? -1 : it->fd;
}

int bw_forget(bw_state *s, int32_t handle) {
  bw_slot *it = bw_slot_of(s, handle);
  if (it == NULL) return -1;
  uint32_t slot = (uint32_t)handle & SLOT_MASK;
  int fd = it->fd;
  bw_unwatch(s, it);
  it->fd = -1;
  it->generation = (it->generation + 1) & GENERATION_MASK;
  it->next_free = SLOT_MASK;
  if (s->free_tail == SLOT_MASK) s->free_head = slot;
  else s->slots[s->free_tail].next_free = slot;
  s->free_tail = slot;
  s->open--;
  return fd;
}

/* close(2) frees the descriptor even when it says EINTR on Linux: trying again could close somebody else's. */
int bw_close_fd(int fd) {
  return close(fd) < 0 && errno != EINTR ? -errno : 0;
}
