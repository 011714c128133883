-- Written by `python -m warehouse.postgres.public_functions`. For a superuser in the warehouse's database.
do $$
declare
    harmful regprocedure;
begin
    for harmful in
        select pg_proc.oid
        from pg_proc cross join lateral aclexplode(coalesce(proacl, acldefault('f', proowner))) as rights
        where
            pronamespace = 'pg_catalog'::regnamespace
            and rights.grantee = 0
            and proname like any (array[
                'pg\_advisory\_%',
                'pg\_try\_advisory\_%',
                'lo\_%',
                'loread',
                'lowrite',
                'pg\_logical\_emit\_message',
                'pg\_notify',
                'pg\_export\_snapshot',
                'pg\_partition\_tree',
                'pg\_current\_xact\_id',
                'txid\_current',
                'pg\_available\_wal\_summaries',
                'pg\_wal\_summary\_contents',
                'pg\_isolation\_test\_session\_is\_blocked',
                'pg\_safe\_snapshot\_blocking\_pids',
                'pg\_stat\_get\_tuples\_returned',
                'pg\_stat\_get\_tuples\_fetched',
                'pg\_stat\_get\_numscans',
                'pg\_stat\_get\_lastscan',
                'pg\_stat\_get\_blocks\_%',
                'pg\_stat\_get\_live\_tuples',
                'pg\_stat\_get\_dead\_tuples',
                'pg\_stat\_get\_mod\_since\_analyze',
                'pg\_stat\_get\_ins\_since\_vacuum'
            ])
    loop
        execute format('grant execute on function %s to pg_database_owner', harmful);
        execute format('revoke execute on function %s from public', harmful);
    end loop;
    grant usage on language plpgsql to pg_database_owner;
    revoke usage on language plpgsql from public;
end $$;
revoke connect on database postgres, template1 from public;
