/* The limit of live capture: a TPACKET_V3 ring read in C. `INTERFACE` → "ready 0"; a line ends it: "packets dropped". */
#include "common.h"
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/mman.h>

#define BLOCK (256 * 1024)
#define BLOCKS 16

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  int fd = socket(AF_PACKET, SOCK_RAW, 0), version = TPACKET_V3;
  struct tpacket_req3 request = {.tp_block_size = BLOCK, .tp_block_nr = BLOCKS, .tp_frame_size = 2048,
                                 .tp_frame_nr = BLOCK / 2048 * BLOCKS, .tp_retire_blk_tov = 10};
  if (fd < 0 || setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof version) < 0 ||
      setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &request, sizeof request) < 0)
    die("ring");
  uint8_t *ring = mmap(NULL, BLOCK * BLOCKS, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (ring == MAP_FAILED) die("mmap");
  struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
                           .sll_ifindex = (int)if_nametoindex(argv[1])};
  if (bind(fd, (struct sockaddr *)&at, sizeof at) < 0) die("bind");
  printf("ready 0\n");
  fflush(stdout);
  uint64_t count = 0, used = 0;
  int block = 0, ending = 0;
  for (;;) {
    struct tpacket_block_desc *desc = (void *)(ring + (size_t)block * BLOCK);
    if ((__atomic_load_n(&desc->hdr.bh1.block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER) == 0) {
      if (ending) break;
      struct pollfd fds[] = {{fd, POLLIN, 0}, {0, POLLIN, 0}};
      poll(fds, 2, -1);
      if (fds[1].revents != 0) {
        /* What is under way is handed over within the retire time. */
        struct pollfd last = {fd, POLLIN, 0};
        poll(&last, 1, 50);
        ending = 1;
      }
      continue;
    }
    struct tpacket3_hdr *packet = (void *)((uint8_t *)desc + desc->hdr.bh1.offset_to_first_pkt);
    for (uint32_t i = 0; i < desc->hdr.bh1.num_pkts; i++) {
      used += ((uint8_t *)packet)[packet->tp_mac + 12] + packet->tp_len;
      packet = (void *)((uint8_t *)packet + packet->tp_next_offset);
    }
    count += desc->hdr.bh1.num_pkts;
    __atomic_store_n(&desc->hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
    block = (block + 1) % BLOCKS;
  }
  struct tpacket_stats_v3 stats;
  socklen_t length = sizeof stats;
  if (getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &length) < 0) die("statistics");
  if (used == 1) return 3;
  report(count, stats.tp_drops);
  return 0;
}
