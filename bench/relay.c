/* A plain relay: epoll, connected UDP sockets, recv, send. The yardstick for the media worker.
 *
 * relay SESSIONS: binds two sockets for each session on 127.0.0.1 and prints their ports, one
 * session a line; reads the two ports of the parties of each session from standard input; relays
 * until standard input ends.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static struct sockaddr_in loopback(int port)
{
    struct sockaddr_in address;
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

static int bound(int *port)
{
    struct sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    int number = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    if (number < 0 || bind(number, (struct sockaddr *)&address, size) < 0)
        exit(1);
    getsockname(number, (struct sockaddr *)&address, &size);
    *port = ntohs(address.sin_port);
    return number;
}

int main(int argc, char **argv)
{
    int sessions = argc > 1 ? atoi(argv[1]) : 1;
    int *sockets = calloc(2 * sessions, sizeof *sockets);
    int poller = epoll_create1(0);
    struct epoll_event events[128];
    char packet[2048];

    for (int i = 0; i < sessions; i++) {
        int a, b;
        sockets[2 * i] = bound(&a);
        sockets[2 * i + 1] = bound(&b);
        printf("%d %d\n", a, b);
    }
    fflush(stdout);
    for (int i = 0; i < 2 * sessions; i++) {
        int port;
        if (scanf("%d", &port) != 1)
            return 1;
        struct sockaddr_in address = loopback(port);
        if (connect(sockets[i], (struct sockaddr *)&address, sizeof address) < 0)
            return 1;
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};
        epoll_ctl(poller, EPOLL_CTL_ADD, sockets[i], &event);
    }
    struct epoll_event end = {.events = EPOLLIN, .data.u32 = 2 * sessions};
    epoll_ctl(poller, EPOLL_CTL_ADD, 0, &end);
    for (;;) {
        int ready = epoll_wait(poller, events, 128, -1);
        for (int i = 0; i < ready; i++) {
            unsigned from = events[i].data.u32;
            if (from == 2u * sessions) {
                if (read(0, packet, sizeof packet) <= 0)
                    return 0;
                continue;
            }
            ssize_t size = recv(sockets[from], packet, sizeof packet, 0);
            if (size > 0 && send(sockets[from ^ 1], packet, size, 0) < 0)
                send(sockets[from ^ 1], packet, size, 0);
        }
    }
}
