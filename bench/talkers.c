/* Parties of calls: each sends a 20 ms G.711 packet every 20 ms and counts what it receives.
 *
 * talkers SESSIONS: binds two sockets for each session on 127.0.0.1 and prints their ports, one
 * session a line. Then for each line "SECONDS PORT_A PORT_B ..." on standard input (the relay's
 * ports, two for each session) it talks for so long, waits half a second for what is under way,
 * and prints "SENT RECEIVED LATE_US": the longest time a packet took, in microseconds.
 * The parties are spread evenly over the 20 ms.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FRAME_NS 20000000LL
#define SIZE 172

struct party {
    int socket;
    uint16_t sequence;
    uint32_t timestamp;
    uint32_t ssrc;
};

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static struct sockaddr_in loopback(int port)
{
    struct sockaddr_in address;
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

static int64_t longest;

static long drain(struct party *party)
{
    unsigned char packet[2048];
    long count = 0;
    while (recv(party->socket, packet, sizeof packet, MSG_DONTWAIT) > 0) {
        int64_t sent;
        memcpy(&sent, packet + 12, sizeof sent);
        int64_t took = now_ns() - sent;
        if (took > longest && took < 10 * 1000000000LL)
            longest = took;
        count++;
    }
    return count;
}

static void speak(struct party *party)
{
    unsigned char packet[SIZE];
    int64_t now = now_ns();
    uint16_t sequence = htons(++party->sequence);
    uint32_t timestamp = htonl(party->timestamp += 160);
    uint32_t ssrc = htonl(party->ssrc);
    memset(packet, 0xd5, sizeof packet);
    packet[0] = 0x80;
    packet[1] = 0;
    memcpy(packet + 2, &sequence, 2);
    memcpy(packet + 4, &timestamp, 4);
    memcpy(packet + 8, &ssrc, 4);
    memcpy(packet + 12, &now, sizeof now);
    if (send(party->socket, packet, sizeof packet, 0) < 0)
        send(party->socket, packet, sizeof packet, 0);
}

int main(int argc, char **argv)
{
    int parties = 2 * (argc > 1 ? atoi(argv[1]) : 1);
    struct party *all = calloc(parties, sizeof *all);
    int poller = epoll_create1(0);
    struct epoll_event events[256];
    double seconds;

    for (int i = 0; i < parties; i++) {
        struct sockaddr_in address = loopback(0);
        socklen_t size = sizeof address;
        int room = 1 << 20;
        all[i].socket = socket(AF_INET, SOCK_DGRAM, 0);
        all[i].ssrc = 0x51000000u + i;
        setsockopt(all[i].socket, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
        if (bind(all[i].socket, (struct sockaddr *)&address, size) < 0)
            return 1;
        getsockname(all[i].socket, (struct sockaddr *)&address, &size);
        printf(i % 2 ? "%d\n" : "%d ", ntohs(address.sin_port));
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};
        epoll_ctl(poller, EPOLL_CTL_ADD, all[i].socket, &event);
    }
    fflush(stdout);
    while (scanf("%lf", &seconds) == 1) {
        long sent = 0, received = 0;
        for (int i = 0; i < parties; i++) {
            int port;
            if (scanf("%d", &port) != 1)
                return 1;
            struct sockaddr_in address = loopback(port);
            if (connect(all[i].socket, (struct sockaddr *)&address, sizeof address) < 0)
                return 1;
            drain(&all[i]);
        }
        longest = 0;
        int64_t start = now_ns(), end = start + (int64_t)(seconds * 1e9);
        int64_t turns = 0;
        for (;;) {
            int64_t now = now_ns();
            int64_t due = start + turns * FRAME_NS / parties;
            if (now >= end + 500000000LL)
                break;
            if (due < end && now >= due) {
                speak(&all[turns++ % parties]);
                sent++;
                continue;
            }
            int64_t wait = (due < end ? due : end + 500000000LL) - now;
            struct timespec timeout = {wait / 1000000000LL, wait % 1000000000LL};
            int ready = epoll_pwait2(poller, events, 256, &timeout, NULL);
            for (int i = 0; i < ready; i++)
                received += drain(&all[events[i].data.u32]);
        }
        printf("%ld %ld %ld\n", sent, received, (long)(longest / 1000));
        fflush(stdout);
    }
    return 0;
}
