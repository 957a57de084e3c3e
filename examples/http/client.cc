// SPDX-License-Identifier: Apache-2.0
// A client of server.c in C++: has vectors squared elsewhere, and sends its keys whenever the server has them no more.
//
//   client PARAMS.umbra PORT
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <system_error>
#include <umbra/umbra.hpp>
#include <vector>

namespace {

constexpr int OK = 200, NOT_FOUND = 404;

// ---- HTTP, as much as it takes; a larger program has a library for it ----

class connection {
 public:
  explicit connection(uint16_t port) : connection() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(socket_, reinterpret_cast<const sockaddr *>(&address), sizeof address) != 0) fail();
  }
  connection(const connection &) = delete;
  connection &operator=(const connection &) = delete;
  ~connection() { close(socket_); }

  template <class Bytes>
  void send(const Bytes &bytes) {
    for (std::size_t sent = 0; sent < bytes.size();) {
      const ssize_t more = ::send(socket_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (more < 0) fail();
      sent += static_cast<std::size_t>(more);
    }
  }

  /// All that comes until the other side closes.
  std::string receive() {
    std::string text;
    for (char piece[65536];;) {
      const ssize_t more = recv(socket_, piece, sizeof piece, 0);
      if (more < 0) fail();
      if (more == 0) return text;
      text.append(piece, static_cast<std::size_t>(more));
    }
  }

 private:
  /// Once this one is through, what fails after it closes the socket.
  connection() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    if (socket_ < 0) fail();
  }

  [[noreturn]] static void fail() { throw std::system_error(errno, std::generic_category(), "the server"); }

  int socket_;
};

struct reply {
  int status;
  std::string body;
};

/// request: "PUT /keys". Of HTTP 1.0, where an answer ends with the connection.
reply ask(uint16_t port, const std::string &request, const std::vector<unsigned char> &body) {
  connection server(port);
  server.send(request + " HTTP/1.0\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n");
  server.send(body);
  const std::string text = server.receive();
  const std::size_t head = text.find("\r\n\r\n"), status = text.find(' ');
  if (head == std::string::npos || status > head) throw std::runtime_error("the server does not speak HTTP");
  return {std::stoi(text.substr(status)), text.substr(head + 4)};
}

// ---- the client ----

/// The owner of encrypted vectors.
class client {
 public:
  client(const umbra::params &params, uint16_t port) : port_(port), context_(params) {}

  std::vector<double> square(const std::vector<double> &values) const {
    const std::vector<unsigned char> x = umbra::bytes(umbra_ciphertext_write, public_key_.encrypt(values));
    reply answer = ask(port_, "POST /square", x);
    if (answer.status == NOT_FOUND) {
      ask(port_, "PUT /keys", umbra::bytes(umbra_eval_keys_write, keys_));
      answer = ask(port_, "POST /square", x);
    }
    if (answer.status != OK) throw std::runtime_error("the server says " + std::to_string(answer.status));
    const umbra::ciphertext y = umbra::make(umbra_ciphertext_read, context_, answer.body, answer.body.size());
    return secret_.decrypt(y, values.size());
  }

 private:
  uint16_t port_;
  umbra::context context_;
  umbra::secret_key secret_{context_};
  umbra::public_key public_key_{secret_};
  umbra::eval_keys keys_{secret_, umbra::key_needs(context_.params()).relinearization()};
};

} // namespace

int main(int argc, char **argv) try {
  if (argc != 3) throw std::invalid_argument("usage: client PARAMS.umbra PORT");
  const client owner(umbra::make(umbra_params_load, argv[1]), static_cast<uint16_t>(std::stoi(argv[2])));
  for (double value : owner.square({0.5, -1.0, 2.0})) std::printf("%.3f\n", value);
} catch (const std::exception &error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
