import Foundation

/// An emulator that was found, and how it is made to run a guest.
struct Emulator {
  /// The place an emulator has in the table.
  enum Role: String, Encodable, CaseIterable {
    case shootdown
    /// This project's emulator again, with the monitor attached and no stop set.
    case monitor
    case bochsGit = "bochs-git"
    case bochs

    var title: String {
      switch self {
      case .shootdown: "shootdown"
      case .monitor: "monitor"
      case .bochsGit: "Bochs git"
      case .bochs: "Bochs"
      }
    }
  }

  let role: Role
  let program: String
  let version: String
  /// How it was built and is set up, as far as it can be found out.
  let configuration: String
  /// The arguments for a run, made with what the run needs in its directory.
  let prepare: (_ guest: Guest, _ directory: URL) throws -> [String]
  /// The file in the run's directory which gets what the guest writes to COM1.
  let serialFile: String
  /// What it had to say of a run that went wrong, found in the run's directory.
  let lastWords: (_ directory: URL) -> String?
  /// The exit status of a good run, nil when it says nothing.
  let goodStatus: Int32?
}

extension Emulator {
  /// One run of a guest.
  ///
  /// - Returns: the CPU seconds it took.
  /// - Throws: `BenchError` when it did not end as it should or its line on COM1 is another one.
  func run(_ guest: Guest, limit seconds: Double) throws -> Double {
    try Files.withScratch { directory in
      let child = try ChildProcess.run(program, try prepare(guest, directory), in: directory, limit: seconds)
      let serial = directory.appendingPathComponent(serialFile)
      let lines = Files.lines(serial).filter { $0.contains("checksum=") }
      let words = lastWords(directory).map { ": \($0)" } ?? ""
      let isGoodEnd =
        switch child.end {
        case .exited(let status): goodStatus == nil || goodStatus == status
        case .signalled, .timedOut: false
        }
      guard isGoodEnd else {
        throw BenchError("\(guest.rawValue) on \(role.title): \(child.end.description)\(words)")
      }
      guard lines == [guest.expectedLine] else {
        let printed = lines.isEmpty ? "no checksum" : "\"\(lines.joined(separator: " | "))\""
        throw BenchError(
          "\(guest.rawValue) on \(role.title): printed \(printed), not \"\(guest.expectedLine)\" "
            + "(\(child.end.description)\(words))"
        )
      }
      return child.cpuSeconds
    }
  }

  /// This project's emulator, with the monitor attached.
  ///
  /// - Parameter commands: what the monitor is told.
  static func monitor(_ name: String, images: URL, commands: String = "continue\nquit\n") throws -> Emulator {
    let plain = try shootdown(name, images: images)
    return Emulator(
      role: .monitor, program: plain.program, version: plain.version, configuration: "no stop set",
      prepare: { guest, directory in
        let script = directory.appendingPathComponent("commands")
        try commands.write(to: script, atomically: true, encoding: .utf8)
        return [
          "monitor", "--kernel", images.appendingPathComponent("\(guest.rawValue).bin").path, "--memory", "64M",
          "--command", script.path,
        ]
      },
      serialFile: "stdout", lastWords: plain.lastWords, goodStatus: 0)
  }

  /// This project's emulator.
  static func shootdown(_ name: String, images: URL) throws -> Emulator {
    guard let program = Files.program(name) else {
      throw BenchError("\(name) is not there")
    }
    let version = try Files.withScratch { directory in
      _ = try ChildProcess.run(program, ["--version"], in: directory, limit: 20)
      return Files.lines(directory.appendingPathComponent("stdout")).first ?? "of unknown version"
    }
    return Emulator(
      role: .shootdown, program: program, version: version, configuration: "",
      prepare: { guest, _ in
        ["run", "--kernel", images.appendingPathComponent("\(guest.rawValue).bin").path, "--memory", "64M"]
      },
      serialFile: "stdout",
      lastWords: { Files.lines($0.appendingPathComponent("stderr")).last },
      // Port F4h gives (0 << 1) | 1.
      goodStatus: 1
    )
  }
}
