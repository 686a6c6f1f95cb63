import ArgumentParser
import Foundation
import Guests
import Monitor

/// `shootdown guests`: the guest programs that come with it.
struct GuestsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "guests", abstract: "The guest programs that come with Shootdown.",
    subcommands: [List.self, RunGuest.self, Show.self])

  /// `guests list`.
  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List them: name, bytes, what each demonstrates.")

    func run() throws {
      for guest in try Guest.all() {
        let name = guest.name.padding(toLength: 14, withPad: " ", startingAt: 0)
        let size = String(repeating: " ", count: max(0, 6 - String(guest.image.count).count)) + "\(guest.image.count)"
        print("\(name)\(size)  \(guest.title)")
      }
    }
  }

  /// `guests run NAME`.
  struct RunGuest: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "run", abstract: "Run one, as 'run' does an image.")

    @Argument(help: "Its name; or 'tour': a missing shootdown, found and explained.") var name: String
    @Option(help: ArgumentHelp("Its command line.", valueName: "text")) var append: String?
    @Option(
      help: ArgumentHelp(
        "Of the tour: where its schedule and scenarios are written (default: shootdown-tour).", valueName: "folder"))
    var output: String?
    @OptionGroup var machine: MachineSettings
    @OptionGroup var settings: RunSettings
    @OptionGroup var oracle: OracleSettings

    func run() throws {
      if name == "tour" { return try Tour(folder: output).run() }
      if output != nil { throw Misuse("--output goes with the tour") }
      try Run(machine: machine, settings: settings, oracle: oracle).run(BootSource(guest: name, append: append))
    }
  }

  /// `guests show NAME`.
  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Disassemble one, or write its image to a file with --output.")

    @Argument(help: "Its name.") var name: String
    @Option(help: ArgumentHelp("Write the flat image there.", valueName: "file")) var output: String?

    func run() throws {
      let guest = try GuestsCommand.named(name)
      if let output {
        do {
          try Data(guest.image).write(to: URL(fileURLWithPath: output))
        } catch {
          throw Misuse("\(output): cannot be written")
        }
        return
      }
      guard let disassembler = Disassembler() else { throw Misuse("Capstone cannot be opened") }
      var offset = 0
      while offset < guest.image.count {
        let address = 0x10_0000 + UInt64(offset)
        let bytes = Array(guest.image[offset...].prefix(15))
        let instruction = disassembler.first(bytes, at: address)
        let length = instruction?.length ?? 1
        let hex = bytes.prefix(length).map { String(format: "%02x", $0) }.joined(separator: " ")
        print(
          String(format: "%06x  ", address) + hex.padding(toLength: max(30, hex.count), withPad: " ", startingAt: 0)
            + "  " + (instruction?.text ?? "(data)"))
        offset += length
      }
    }
  }

  static func named(_ name: String) throws -> Guest {
    let guests = try Guest.all()
    guard let guest = guests.first(where: { $0.name == name }) else {
      throw Misuse("there is no guest '\(name)'; there are \(guests.map(\.name).joined(separator: ", "))")
    }
    return guest
  }
}
