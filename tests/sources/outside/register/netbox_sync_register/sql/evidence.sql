-- What each call proves. Key: call + scope.
select '/machines' as call, 'machines' as scope, true as wide, ['virtual_machines'] as proves,
    ['virtual_machines'] as decides
