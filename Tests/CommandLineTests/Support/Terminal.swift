import Foundation

/// A pseudo-terminal, from its master's side.
final class Terminal {
  enum Failure: Error { case none, silent(wanted: String, got: String) }

  let path: String
  private let master: Int32
  private var text = ""
  /// In seconds: the machine may be busy with other tests.
  private let patience = 120.0

  init() throws {
    master = open("/dev/ptmx", O_RDWR | O_NOCTTY)
    // TIOCSPTLCK and TIOCGPTN: what unlockpt and ptsname do.
    var (number, isLocked): (Int32, Int32) = (0, 0)
    guard master >= 0, ioctl(master, 0x4004_5431, &isLocked) == 0, ioctl(master, 0x8004_5430, &number) == 0 else {
      throw Failure.none
    }
    path = "/dev/pts/\(number)"
    _ = fcntl(master, F_SETFD, FD_CLOEXEC)
  }

  deinit { close(master) }

  func type(_ text: String) {
    let bytes = Array(text.utf8)
    _ = write(master, bytes, bytes.count)
  }

  /// Whether the terminal hands over lines: not while Readline edits one.
  var isCanonical: Bool {
    var attributes = termios()
    return tcgetattr(master, &attributes) == 0 && attributes.c_lflag & tcflag_t(ICANON) != 0
  }

  func wait(until isDone: () -> Bool) throws {
    let deadline = Date(timeIntervalSinceNow: patience)
    while !isDone() {
      guard Date() < deadline else { throw Failure.silent(wanted: "another state", got: text) }
      usleep(1000)
    }
  }

  /// Waits for a text, and takes everything up to it; does something again and again meanwhile.
  func expect(_ wanted: String, _ meanwhile: () -> Void = {}) throws {
    let deadline = Date(timeIntervalSinceNow: patience)
    while true {
      meanwhile()
      if let range = text.range(of: wanted) {
        text.removeSubrange(..<range.upperBound)
        return
      }
      guard Date() < deadline else { throw Failure.silent(wanted: wanted, got: text) }
      var descriptor = pollfd(fd: master, events: Int16(POLLIN), revents: 0)
      guard poll(&descriptor, 1, 100) > 0 else { continue }
      var bytes = [UInt8](repeating: 0, count: 4096)
      let count = read(master, &bytes, bytes.count)
      if count > 0 { text += String(decoding: bytes[..<count], as: UTF8.self) }
    }
  }
}
