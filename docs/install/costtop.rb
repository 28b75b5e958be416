# A Homebrew formula for costtop. UNTESTED: no Homebrew was at hand; `ruby -c` alone has read it.
# Before it is used: the address and sum of a release's sdist, then `brew update-python-resources
# costtop.rb`, which adds a `resource` for each line of requirements.lock.
class Costtop < Formula
  include Language::Python::Virtualenv

  desc "Htop for what AI agents spend: sessions ranked by cost, live"
  homepage "https://example.com/costtop"
  url "https://example.com/costtop-0.1.0.tar.gz"
  sha256 "0000000000000000000000000000000000000000000000000000000000000000"
  license "MIT"

  depends_on "rust" => :build # msgspec and watchfiles are compiled
  depends_on "python@3.13"

  def install
    virtualenv_install_with_resources
    share.install_symlink Dir[libexec/"share/man"]
    generate_completions_from_executable(bin/"costtop", "completion")
  end

  service do
    run [opt_bin/"costtop", "daemon"]
    keep_alive true
    log_path var/"log/costtop.log"
    error_log_path var/"log/costtop.log"
  end

  test do
    ENV["COSTTOP_HOME"] = testpath/"home"
    assert_match version.to_s, shell_output("#{bin}/costtop --version")
    assert_match "[[budget]]", shell_output("#{bin}/costtop config example")
  end
end
