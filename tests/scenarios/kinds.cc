// Exceptions, virtual functions, threads, streams and folders: what C++ brings with it.
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <iostream>
#include <map>
#include <memory>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

struct work {
	virtual ~work() = default;
	virtual int run() = 0;
};

struct file_work : work {
	int run() override
	{
		std::ofstream("kinds.out") << "text\n";
		std::string line;
		std::getline(std::ifstream("kinds.out") >> std::ws, line);
		for (const auto &entry : std::filesystem::directory_iterator("."))
			line += entry.path().string();
		std::filesystem::rename("kinds.out", "kinds.moved");
		return std::filesystem::remove("kinds.moved") ? 0 : 1;
	}
};

struct thread_work : work {
	int run() override
	{
		std::atomic<int> sum{ 0 };
		std::vector<std::thread> threads;
		for (int i = 0; i < 3; i++)
			threads.emplace_back([&sum] { sum++; });
		for (auto &thread : threads)
			thread.join();
		std::this_thread::sleep_for(std::chrono::milliseconds(1));
		return std::async(std::launch::async, [&sum] { return sum == 3 ? 0 : 1; }).get();
	}
};

struct throwing_work : work {
	int run() override
	{
		try {
			std::function<void()> fail = [] { throw std::runtime_error("thrown"); };
			fail();
		} catch (const std::exception &caught) {
			int pair[2];
			if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
				return 1;
			return std::string(caught.what()) == "thrown" ? 0 : 1;
		}
		return 1;
	}
};

int main()
{
	std::map<std::string, std::unique_ptr<work>> works;
	works["file"] = std::make_unique<file_work>();
	works["thread"] = std::make_unique<thread_work>();
	works["throwing"] = std::make_unique<throwing_work>();
	std::random_device device;
	std::ostringstream text;
	text << (device() >= 0u) << ' ' << works.size();
	std::cout << text.str() << std::endl;
	for (auto &[name, work] : works)
		if (work->run() != 0)
			return 1;
	return getppid() == 0;
}
