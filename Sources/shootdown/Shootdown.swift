import ArgumentParser
import Foundation
import MMU
import Monitor
import Tables

@main
struct Shootdown: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "shootdown",
    abstract: "A deterministic x86-64 machine whose TLB can be seen, for people who write hypervisors.",
    discussion: """
      Exit status: 0 the --until condition was met or the machine switched itself off; 2 misuse or bad input; 4 a limit \
      was reached; 6 the guest died; 8 an expectation failed; 10 our own fault; odd: what the guest wrote to port F4h, \
      ((code << 1) | 1) & FFh.
      """,
    version: version,
    subcommands: [
      RunCommand.self, SuiteCommand.self, LitmusCommand.self, MonitorCommand.self, WalkCommand.self, GuestsCommand.self,
      ModelsCommand.self,
    ])

  /// Version, commit when known, and the libraries.
  static var version: String { "shootdown \(Build.version) (\(Build.commit)); \(Libraries.versions)" }

  /// Entry: as ArgumentParser's own, but misuse is one line and status 2.
  static func main() {
    // A reader that goes away is no error of the run.
    signal(SIGPIPE, SIG_IGN)
    let arguments = Array(CommandLine.arguments.dropFirst())
    do {
      try Planned.check(arguments)
      var command = try parseAsRoot(arguments)
      try command.run()
    } catch let code as ExitCode {
      Foundation.exit(code.rawValue)
    } catch let misuse as Misuse {
      fail(misuse.description, ExitStatus.misuse)
    } catch let failure as PhysicalMemory.Failure {
      fail(failure.description, ExitStatus.misuse)
    } catch let table as TableError {
      fail("a built-in table is wrong: \(table)", ExitStatus.ownFault)
    } catch {
      guard exitCode(for: error) != .success else {
        print(fullMessage(for: error))
        Foundation.exit(ExitStatus.success)
      }
      fail(message(for: error), ExitStatus.misuse)
    }
  }

  private static func fail(_ message: String, _ status: Int32) -> Never {
    StandardError.line(message)
    Foundation.exit(status)
  }
}
