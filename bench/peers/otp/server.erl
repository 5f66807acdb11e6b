%% The programs of bench/local-server.ts on Erlang's gen_server: prints microseconds, one value a round.
-module(server).
-behaviour(gen_server).
-export([main/1, init/1, handle_call/3, handle_cast/2]).

main([Name, Size, Rounds]) ->
    N = list_to_integer(Size),
    {ok, Pid} = gen_server:start(?MODULE, 0, []),
    Values = [run(list_to_atom(Name), Pid, N) || _ <- lists:seq(1, list_to_integer(Rounds))],
    io:format("~s~n", [string:join([float_to_list(V, [{decimals, 3}]) || V <- Values], " ")]),
    halt(0).

init(Balance) -> {ok, Balance}.
handle_call(balance, _From, Balance) -> {reply, Balance, Balance}.
handle_cast({add, Amount}, Balance) -> {noreply, Balance + Amount}.

timed(Fun) ->
    Start = erlang:monotonic_time(nanosecond),
    Fun(),
    (erlang:monotonic_time(nanosecond) - Start) / 1000.

run(server_call, Pid, N) ->
    timed(fun() -> call(Pid, N) end);
run(server_cast, Pid, N) ->
    Before = gen_server:call(Pid, balance),
    timed(fun() ->
        cast(Pid, N),
        true = gen_server:call(Pid, balance, infinity) =:= Before + N
    end).

call(_, 0) -> ok;
call(Pid, N) ->
    _ = gen_server:call(Pid, balance),
    call(Pid, N - 1).

cast(_, 0) -> ok;
cast(Pid, N) ->
    gen_server:cast(Pid, {add, 1}),
    cast(Pid, N - 1).
